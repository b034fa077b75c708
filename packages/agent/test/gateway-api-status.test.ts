// What is written into the status of Gateway API objects, and what is not, against the API server double.
import type { KubeApi } from "@warren/host/testing";
import { routeKey } from "@warren/wire";
import { expect, test } from "vitest";
import * as kit from "./_gateway-api-kit.ts";

const { ofRoute, putRoute, startAgentPart, startCluster } = kit;
const PUBLISHED = "warren.dev/Published";

const writesOf = (api: KubeApi, resource: string) =>
  api.requests.filter((one) => one.verb === "update" && one.resource === resource).length;
const attached = (api: KubeApi) => kit.gatewayOf(api)?.status?.listeners?.[0]?.attachedRoutes;

test("a change is one write, whose echo leads to no other", async () => {
  await using api = await startCluster();
  putRoute(api);
  putRoute(api, { name: "other" });
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => ofRoute(api, "Accepted") && ofRoute(api, "Accepted", "other"));
  await api.until(() => attached(api) === 2);
  await agent.idle();
  const [routes, gateways] = [writesOf(api, "httproutes/status"), writesOf(api, "gateways/status")];
  for (const host of ["a.test", "b.test", "c.test"]) {
    const before = kit.parentsOf(api)[0]!.conditions[0]!.observedGeneration!;
    putRoute(api, { spec: { hostnames: [host] } });
    await api.until(() => kit.parentsOf(api)[0]!.conditions[0]!.observedGeneration === before + 1);
  }
  agent.clock.advance(5_000);
  await agent.idle();
  expect(writesOf(api, "httproutes/status")).toBe(routes + 3);
  expect(writesOf(api, "gateways/status")).toBe(gateways);
});

test("routes that come one after another are counted together, a second later", async () => {
  await using api = await startCluster();
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => attached(api) === 0);
  await agent.idle();
  const before = writesOf(api, "gateways/status");
  const names = Array.from({ length: 20 }, (_, n) => `r${n}`);
  for (const name of names) {
    putRoute(api, { name });
    await api.until(() => ofRoute(api, "Accepted", name));
  }
  expect(attached(api)).toBe(0);
  agent.clock.advance(1_000);
  await api.until(() => attached(api) === names.length);
  agent.clock.advance(1_000);
  await agent.idle();
  expect(writesOf(api, "gateways/status")).toBe(before + 1);
});

test("another leader takes nothing back of what gateways took", async () => {
  await using api = await startCluster();
  putRoute(api);
  const taken = { accepted: true } as const;
  {
    await using first = startAgentPart(api);
    await first.ready;
    first.published.verdicts.say({}, routeKey([...first.published.routes()][0]!), taken);
    await api.until(() => ofRoute(api, PUBLISHED) === "True Published");
    await first.idle();
  }
  const before = writesOf(api, "httproutes/status");
  await using second = startAgentPart(api);
  await second.ready;
  await second.idle();
  expect(ofRoute(api, PUBLISHED)).toBe("True Published");
  second.published.verdicts.say({}, routeKey([...second.published.routes()][0]!), taken);
  await second.idle();
  expect(writesOf(api, "httproutes/status")).toBe(before);

  putRoute(api, { spec: { hostnames: ["new.test"] } });
  await api.until(() => ofRoute(api, PUBLISHED) === "Unknown Pending");
});

test("a role that lets no status be written is told once, not for every object", async () => {
  await using api = await startCluster();
  for (const name of ["a", "b", "c"]) putRoute(api, { name });
  const refusal = { code: 403, reason: "Forbidden" };
  api.refuse({ verb: "update", resource: "httproutes/status" }, refusal, 100);
  await using agent = startAgentPart(api);
  await agent.ready;
  await agent.log.line(({ msg }) => msg.startsWith("no status of this resource"));
  await agent.idle();
  const asked = writesOf(api, "httproutes/status");
  putRoute(api, { name: "d" });
  // No request follows that `until` would look at.
  await expect.poll(() => agent.published.size).toBe(4);
  await agent.idle();
  agent.clock.advance(120_000);
  await agent.idle();
  expect(writesOf(api, "httproutes/status")).toBe(asked);
  const told = agent.log.lines.filter(({ msg }) => msg.startsWith("no status of this resource"));
  expect(told).toHaveLength(1);
});

test("two releases with controllers of their own serve one route, and leave each other's words", async () => {
  await using api = await startCluster();
  const theirs = "example.com/second";
  api.put({ metadata: { name: "second" }, spec: { controllerName: theirs } }, kit.CLASSES);
  const listeners = [{ name: "http", port: 80, protocol: "HTTP" }];
  const spec = { gatewayClassName: "second", listeners };
  api.put({ metadata: { name: "far", namespace: "infra" }, spec }, kit.GATEWAYS);
  putRoute(api, { spec: { parentRefs: [{ name: "edge" }, { name: "far" }] } });
  await using one = startAgentPart(api);
  await using other = startAgentPart(api, { controllerName: theirs });
  await Promise.all([one.ready, other.ready]);
  const parents = await api.until(() => kit.parentsOf(api).length === 2 && kit.parentsOf(api));
  const told = parents.map(
    ({ parentRef, controllerName }) => `${parentRef.name} ${controllerName}`,
  );
  expect(told.toSorted()).toEqual(["edge warren.dev/gateway", "far example.com/second"]);
  await api.until(
    () => api.get(kit.CLASSES, { namespace: undefined, name: "second" })?.status?.conditions,
  );
  await Promise.all([one.idle(), other.idle()]);

  putRoute(api, { spec: { parentRefs: [{ name: "far" }] } });
  await api.until(
    () =>
      kit
        .parentsOf(api)
        .map((each) => each.controllerName)
        .join() === theirs,
  );
  expect(one.published.size).toBe(0);
  expect(other.published.size).toBe(1);
});
