// When the ListenerSets of a Gateway are looked at, in a model.
import { expect, test } from "vitest";
import * as kit from "./_kit.ts";

const SET = {
  metadata: kit.meta("more", { namespace: "team" }),
  spec: { parentRef: { name: "edge", namespace: "infra" } },
};

test("a Gateway's ListenerSets are looked at when it becomes ours or stops to be, and not else", () => {
  const { model } = kit.settled(kit.cluster({ gateways: [] }));
  const told = () => {
    while (model.work(kit.places(9)));
    return [...model.take().listenerSets];
  };
  model.putListenerSet("team/more", SET);
  expect(told()).toEqual(["team/more"]);
  expect(model.listenerSet("team/more")).toBeUndefined();

  model.putGateway("infra/edge", kit.gateway());
  expect(told()).toEqual(["team/more"]);
  expect(model.listenerSet("team/more")?.gateway).toBe("infra/edge");

  model.putGateway("infra/edge", kit.gateway([kit.http(), kit.tcp(5)], {}, { generation: 2 }));
  expect(told()).toEqual([]);

  const theirs = { gatewayClassName: "theirs" };
  model.putGateway("infra/edge", kit.gateway([kit.http()], theirs, { generation: 3 }));
  expect(told()).toEqual(["team/more"]);
  expect(model.listenerSet("team/more")).toBeUndefined();
});
