// Hosts of the agent's own routes, and Ingresses that name them.
import { Route } from "@warren/wire";
import * as v from "valibot";
import { expect, test } from "vitest";
import { holdConfiguredHosts } from "../../src/kube/configured-hosts.ts";
import { createTarget } from "../../src/target.ts";
import { controlled } from "./_controller-kit.ts";
import { ingress } from "./_kit.ts";

const settled = () => Promise.resolve();
const SHOP = "default/shop shop.test Prefix /";

function configured(host: string) {
  const route = v.parse(Route, { host, path: "/api", service: "api", port: 80 });
  return { route, targets: [createTarget({ host: "10.0.0.7", port: 80 })] };
}

async function meet(shared: readonly string[]) {
  const kit = controlled();
  const { published, hosts, ingresses } = kit;
  published.replace("config", [configured("shop.test")]);
  holdConfiguredHosts({ published, hosts, shared });
  ingresses.put(ingress());
  await kit.sync();
  const isThere = () => published.has(SHOP);
  const problems = () => kit.controller.outcome("default/shop")?.problems ?? [];
  return { ...kit, isThere, problems };
}

test("what the operator wrote for the agent keeps its hosts, also from other paths", async () => {
  const { published, isThere, problems } = await meet([]);
  expect(isThere()).toBe(false);
  expect(problems()).toMatchObject([{ reason: "HostOfOther" }]);
  expect(problems()[0]!.message).toContain("the agent's own configuration");
  published.replace("config", [configured("other.test")]);
  await settled();
  expect([isThere(), problems()]).toEqual([true, []]);
  published.replace("config", [configured("other.test"), configured("shop.test")]);
  await settled();
  expect(isThere()).toBe(false);
});

test.each([
  { shared: ["default"], there: true },
  { shared: ["*"], there: true },
  { shared: ["blog"], there: false },
])("and lets in namespaces that it is told of: $shared", async ({ shared, there }) => {
  expect((await meet(shared)).isThere()).toBe(there);
});

test("what is published from the cluster is none of it, nor is a public port a host", async () => {
  const { hosts, published } = await meet(["*"]);
  const tcp = v.parse(Route, { kind: "tcp", service: "db", port: 5_432, public_port: 5_432 });
  published.change("config", [{ ...configured("a.test"), route: tcp }], []);
  expect(hosts.holder("shop.test")?.object).toBe("the agent's own configuration");
  expect(hosts.holder("")).toBeUndefined();
  published.replace("config", []);
  expect(hosts.holder("shop.test")?.object).toBe("default/shop Ingress");
});
