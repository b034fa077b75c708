// By which Gateways a BackendTLSPolicy matters, in a model.
import { expect, test } from "vitest";
import * as kit from "./_kit.ts";
import type { RouteObject } from "./objects.ts";

const TARGETS = [{ group: "", kind: "Service", name: "web" }];
const POLICY = { metadata: kit.meta("tls"), spec: { targetRefs: TARGETS } };
const routeAt = (n: number, generation = 1): RouteObject => ({
  ...kit.route({ hostnames: [`h${n}-${generation}.test`] }),
  metadata: kit.meta(`r${n}`, { generation }),
});

test("is not known before all routes were looked at once", () => {
  const model = kit.modelOf(kit.cluster({ routes: [["HTTPRoute", routeAt(0)]] }));
  model.putPolicy("infra/tls", POLICY);
  for (let isMore = true; isMore; isMore = model.work(kit.places(1)))
    expect(model.policy("infra/tls")).toBeUndefined();
  expect([...model.policy("infra/tls")!.gateways]).toEqual(["infra/edge"]);
});

test("changes with the first and the last route that leads to its Service, and with no other", () => {
  const { model } = kit.settled(kit.cluster());
  const put = (one: RouteObject) => model.putRoute("HTTPRoute", `infra/${one.metadata.name}`, one);
  const remove = (n: number) => model.putRoute("HTTPRoute", `infra/r${n}`, undefined);
  const told = () => {
    while (model.work(kit.places(9)));
    return [...model.take().policies];
  };
  model.putPolicy("infra/tls", POLICY);
  expect(told()).toEqual(["infra/tls"]);
  put(routeAt(0));
  expect(told()).toEqual(["infra/tls"]);
  put(routeAt(1));
  put(routeAt(0, 2));
  remove(1);
  expect(told()).toEqual([]);
  expect([...model.policy("infra/tls")!.gateways]).toEqual(["infra/edge"]);
  remove(0);
  expect(told()).toEqual(["infra/tls"]);
  expect([...model.policy("infra/tls")!.gateways]).toEqual([]);
});
