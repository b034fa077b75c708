// Whose turn it is in a model, where many Gateways change.
import { expect, test } from "vitest";
import * as kit from "./_kit.ts";
import type { GatewayModel } from "./model.ts";

const inSpace = (name: string, namespace: string, generation = 1) =>
  kit.meta(name, { namespace, uid: `uid-${namespace}-${name}`, generation });

/** All of a namespace, each with a listener of its own. */
function putMany(model: GatewayModel, generation: number): void {
  for (let n = 0; n < 100; n++) {
    const allowedRoutes = { namespaces: { from: "All" as const } };
    const listener = kit.http({ hostname: `g${n}-${generation}.test`, allowedRoutes });
    const metadata = inSpace(`g${n}`, "many", generation);
    model.putGateway(`many/g${n}`, { ...kit.gateway([listener]), metadata });
  }
}

function settled() {
  const { model } = kit.settled(kit.cluster());
  putMany(model, 1);
  while (model.work(kit.places(9)));
  model.take();
  return model;
}

const hosts = (model: GatewayModel) =>
  model.take().put.map(({ publication: { route } }) => route.host);

test("who changes very many Gateways keeps no other namespace's route waiting", () => {
  const model = settled();
  putMany(model, 2);
  model.putRoute("HTTPRoute", "infra/shop", kit.route());
  expect(model.work(kit.places(2))).toBe(true);
  expect(hosts(model)).toEqual(["shop.test"]);
});

test.each([
  { by: "itself", parent: { name: "g88", namespace: "many" } },
  { by: "a ListenerSet", parent: { kind: "ListenerSet", name: "more", namespace: "many" } },
])("a route comes after the Gateway that it names by $by, and once", ({ parent }) => {
  const model = settled();
  putMany(model, 2);
  model.putListenerSet("many/more", {
    metadata: inSpace("more", "many"),
    spec: { parentRef: { name: "g88" } },
  });
  const route = kit.route({ parentRefs: [parent], hostnames: ["g88-2.test"] });
  model.putRoute("HTTPRoute", "infra/shop", route);
  const tried: string[] = [];
  const attempt = (name: string, task: () => void) => {
    tried.push(name);
    task();
  };
  while (model.work(kit.places(1), attempt));
  expect(tried.slice(0, 3)).toEqual([
    "gateway many/g0",
    "gateway many/g88",
    "route infra/shop HTTPRoute",
  ]);
  expect(tried.filter((name) => name.startsWith("route"))).toHaveLength(1);
  expect(hosts(model)).toEqual("kind" in parent ? [] : ["g88-2.test"]);
});
