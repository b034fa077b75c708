import type { KubeObject, Resource } from "@warren/host/kube";
import { routeKey } from "@warren/wire";
import { expect, test } from "vitest";
import * as resources from "../src/kube/gateway-api/resources.ts";
import type { Condition, ReferenceGrant } from "../src/kube/gateway-api/objects.ts";
import * as kit from "./_gateway-api-kit.ts";

interface Status {
  conditions?: Condition[];
  parents?: object[];
}
const { ofRoute, putRoute, startAgentPart, startCluster } = kit;
const PUBLISHED = "warren.dev/Published";
const FAILED = "gateway api object not translated";

test("a route of a Gateway of ours is published, and class, Gateway and route say so", async () => {
  await using api = await startCluster();
  putRoute(api);
  await using agent = startAgentPart(api);
  await agent.ready;
  const [route] = [...agent.published.routes()];
  expect(route).toMatchObject({ host: "shop.test", ingress_name: "HTTPRoute:shop" });
  await api.until(() => ofRoute(api, "Accepted") === "True Accepted");
  expect(ofRoute(api, "ResolvedRefs")).toBe("True ResolvedRefs");
  expect(ofRoute(api, PUBLISHED)).toBe("Unknown Pending");

  agent.published.verdicts.say({}, routeKey(route!), { accepted: true });
  await api.until(() => ofRoute(api, PUBLISHED) === "True Published");
  const gateway = await api.until(() => {
    const found = kit.gatewayOf(api);
    return kit.conditionOf("Programmed", found?.status?.conditions) === "True Programmed" && found;
  });
  expect(gateway.status).toMatchObject({
    addresses: [{ type: "Hostname", value: "home.gate.test" }],
    listeners: [{ name: "http", attachedRoutes: 1 }],
  });
  const found = await api.until(() => {
    const one = api.get(kit.CLASSES, { namespace: undefined, name: "warren" });
    return kit.conditionOf("Accepted", one?.status?.conditions) === "True Accepted" && one;
  });
  expect(kit.conditionOf("SupportedVersion", found.status?.conditions)).toBe(
    "False UnsupportedVersion",
  );
});

test("a change is published and its generation observed; what is the same stays as it was", async () => {
  await using api = await startCluster();
  putRoute(api);
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => ofRoute(api, "Accepted") === "True Accepted");
  agent.clock.advance(5_000);
  putRoute(api, { spec: { hostnames: ["new.test"] } });
  const conditions = await api.until(() => {
    const [parent] = kit.parentsOf(api);
    return parent?.conditions[0]?.observedGeneration === 2 && parent.conditions;
  });
  expect([...agent.published.routes()].map(({ host }) => host)).toEqual(["new.test"]);
  for (const one of conditions) expect(one.lastTransitionTime).toBe("2024-02-02T00:00:00Z");

  kit.putGateway(api, {
    listeners: [{ name: "other", port: 80, protocol: "HTTP", hostname: "a.b" }],
  });
  await api.until(() => ofRoute(api, "Accepted") === "False NoMatchingListenerHostname");
  const [parent] = kit.parentsOf(api);
  const accepted = parent?.conditions.find(({ type }) => type === "Accepted");
  expect(accepted?.lastTransitionTime).toBe("2024-02-02T00:00:05Z");
  expect(parent?.conditions.some(({ type }) => type === PUBLISHED)).toBe(false);
  expect(agent.published.size).toBe(0);
});

test("what other controllers say of a route, and in a Gateway's conditions, stays", async () => {
  await using api = await startCluster();
  const condition = {
    type: "Accepted",
    status: "True" as const,
    reason: "Accepted",
    message: "",
    lastTransitionTime: "2020-01-01T00:00:00Z",
  };
  const theirs = {
    parentRef: { name: "elsewhere" },
    controllerName: "example.net/other",
    conditions: [condition],
  };
  const stale = { ...theirs, controllerName: "warren.dev/gateway", parentRef: { name: "gone" } };
  putRoute(api, { status: { parents: [theirs, stale] } });
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => ofRoute(api, "ResolvedRefs") === "True ResolvedRefs");
  const parents = kit.parentsOf(api);
  expect(parents).toHaveLength(2);
  expect(parents[0]).toEqual(theirs);
  expect(parents[1]?.parentRef).toEqual({ name: "edge" });
});

test.each([
  {
    name: "somebody else wrote meanwhile",
    refusal: { code: 409, reason: "Conflict" },
    waits: false,
  },
  { name: "the API server failed", refusal: { code: 500, reason: "InternalError" }, waits: true },
])("a status is written although $name", async ({ refusal, waits }) => {
  await using api = await startCluster();
  putRoute(api);
  api.refuse({ verb: "update", resource: "httproutes/status" }, refusal, 1);
  await using agent = startAgentPart(api);
  await agent.ready;
  if (waits) {
    await agent.log.line(({ msg }) => msg === "status not written");
    agent.clock.advance(1_000);
  }
  await api.until(() => ofRoute(api, "Accepted") === "True Accepted");
});

test("an agent that does not speak publishes, writes nothing, and writes all once it does", async () => {
  await using api = await startCluster();
  putRoute(api);
  const voice = kit.toldVoice(false);
  await using agent = startAgentPart(api, { voice });
  await agent.ready;
  expect(agent.published.size).toBe(1);
  await agent.idle();
  expect(api.requests.filter(({ verb }) => verb === "update")).toEqual([]);
  voice.speak(true);
  await api.until(() => ofRoute(api, "Accepted") === "True Accepted");
});

test("another agent that takes over writes nothing that is said already", async () => {
  await using api = await startCluster();
  putRoute(api);
  {
    await using first = startAgentPart(api);
    await first.ready;
    await api.until(() => ofRoute(api, "Accepted") === "True Accepted");
    await first.idle();
  }
  const before = api.requests.filter(({ verb }) => verb === "update").length;
  await using second = startAgentPart(api);
  await second.ready;
  await second.idle();
  expect(api.requests.filter(({ verb }) => verb === "update")).toHaveLength(before);
});

test("a host that another cluster holds is said on the route", async () => {
  await using api = await startCluster();
  putRoute(api);
  await using agent = startAgentPart(api);
  await agent.ready;
  const [route] = [...agent.published.routes()];
  const verdict = { refused: "host_taken" as const, message: "held by another group" };
  agent.published.verdicts.say({}, routeKey(route!), verdict);
  await api.until(() => ofRoute(api, PUBLISHED) === "False HostTaken");
  const { fields } = await agent.log.line(({ msg }) => msg === "route has a problem");
  expect(fields).toMatchObject({ route: "infra/shop HTTPRoute", reason: "HostTaken" });
  expect(await agent.metrics.text()).toContain(
    'agent_kube_gateway_api_refused_total{reason="HostTaken"} 1',
  );
});

test("without the CRDs nothing happens; they are picked up when they appear, each by itself", async () => {
  await using api = await startCluster();
  const kinds = [resources.GATEWAY_CLASSES, resources.GATEWAYS, ...Object.values(resources.ROUTES)];
  for (const { versions } of kinds) api.withdraw(versions[0]);
  await using agent = startAgentPart(api);
  await agent.ready;
  expect(agent.published.size).toBe(0);
  for (const { versions } of kinds.slice(0, 3)) api.serve(versions[0]);
  api.put(
    { metadata: { name: "warren" }, spec: { controllerName: "warren.dev/gateway" } },
    kit.CLASSES,
  );
  kit.putGateway(api);
  putRoute(api);
  agent.clock.advance(60_000);
  await api.until(() => ofRoute(api, "Accepted") === "True Accepted");
  expect(agent.published.size).toBe(1);
});

test("a kind is followed in the version that the cluster serves", async () => {
  await using api = await startCluster();
  const [newest, oldest] = [
    resources.ROUTES.TCPRoute.versions[0],
    resources.ROUTES.TCPRoute.versions[1]!,
  ];
  api.withdraw(newest);
  api.serve(oldest);
  kit.putGateway(api, { listeners: [{ name: "db", port: 20_001, protocol: "TCP" }] });
  const spec = {
    parentRefs: [{ name: "edge" }],
    rules: [{ backendRefs: [{ name: "web", port: 8080 }] }],
  };
  api.put({ metadata: { name: "db", namespace: "infra" }, spec }, oldest);
  await using agent = startAgentPart(api);
  await agent.ready;
  expect([...agent.published.routes()][0]).toMatchObject({ kind: "tcp", public_port: 20_001 });
  await api.until(
    () => api.get(oldest, { namespace: "infra", name: "db" })?.status?.parents?.length === 1,
  );
});

test("a kind that the agent may not read is no reason to leave out the others", async () => {
  await using api = await startCluster();
  api.forbid("list", resources.ROUTES.TLSRoute.versions[0]);
  api.forbid("list", resources.REFERENCE_GRANTS.versions[0]);
  putRoute(api);
  await using agent = startAgentPart(api);
  await agent.ready;
  expect(agent.published.size).toBe(1);
});

test("a grant that is withdrawn revokes what it allowed", async () => {
  await using api = await startCluster();
  const grants = resources.REFERENCE_GRANTS.versions[0];
  kit.putService(api, "data", "data");
  const spec: ReferenceGrant["spec"] = {
    from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "infra" }],
    to: [{ group: "", kind: "Service" }],
  };
  api.put<ReferenceGrant>({ metadata: { name: "g", namespace: "data" }, spec }, grants);
  putRoute(api, {
    spec: { rules: [{ backendRefs: [{ name: "data", namespace: "data", port: 8080 }] }] },
  });
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => ofRoute(api, "ResolvedRefs") === "True ResolvedRefs");
  api.remove(grants, { namespace: "data", name: "g" });
  await api.until(() => ofRoute(api, "ResolvedRefs") === "False RefNotPermitted");
  const [route] = [...agent.published.routes()];
  expect(route?.backends?.[0]?.answer).toBe(500);
});

test("a route that leaves our Gateway loses what Warren said of it", async () => {
  await using api = await startCluster();
  putRoute(api);
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => ofRoute(api, "Accepted") === "True Accepted");
  putRoute(api, { spec: { parentRefs: [{ name: "elsewhere" }] } });
  await api.until(() => kit.parentsOf(api).length === 0);
  expect(agent.published.size).toBe(0);
});

test("a Gateway that is deleted takes with it what was published and said", async () => {
  await using api = await startCluster();
  putRoute(api);
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => ofRoute(api, "Accepted") === "True Accepted");
  api.remove(kit.GATEWAYS, { namespace: "infra", name: "edge" });
  await api.until(() => kit.parentsOf(api).length === 0);
  expect(agent.published.size).toBe(0);
});

test("a UDPRoute is told that no listener takes it", async () => {
  await using api = await startCluster();
  kit.putGateway(api, { listeners: [{ name: "dns", port: 53, protocol: "UDP" }] });
  putRoute(api, { kind: "UDPRoute" });
  await using agent = startAgentPart(api);
  await agent.ready;
  const said = () => ofRoute(api, "Accepted", "shop", "UDPRoute");
  await api.until(() => said() === "False NotAllowedByListeners");
  const [listener] = (await api.until(() => kit.gatewayOf(api)?.status?.listeners)) ?? [];
  expect(kit.conditionOf("Accepted", listener?.conditions)).toBe("False UnsupportedProtocol");
});

test("CRDs that have v1beta1 alone are served, and the class says that they are old", async () => {
  await using api = await startCluster();
  const old = [resources.GATEWAY_CLASSES, resources.GATEWAYS, resources.ROUTES.HTTPRoute].map(
    ({ versions }) => {
      api.withdraw(versions[0]);
      api.serve(versions[1]!);
      return versions[1] as Resource<KubeObject & { spec: object; status?: Status }>;
    },
  );
  const [classes, gateways, routes] = old as [(typeof old)[0], (typeof old)[0], (typeof old)[0]];
  const controller = { controllerName: "warren.dev/gateway" };
  api.put({ metadata: { name: "warren" }, spec: controller }, classes);
  const listeners = [{ name: "http", port: 80, protocol: "HTTP" }];
  const edge = { gatewayClassName: "warren", listeners };
  api.put({ metadata: { name: "edge", namespace: "infra" }, spec: edge }, gateways);
  const backendRefs = [{ name: "web", port: 8080 }];
  const spec = { parentRefs: [{ name: "edge" }], hostnames: ["a.test"], rules: [{ backendRefs }] };
  api.put({ metadata: { name: "shop", namespace: "infra" }, spec }, routes);
  await using agent = startAgentPart(api);
  await agent.ready;
  expect([...agent.published.routes()].map(({ host }) => host)).toEqual(["a.test"]);
  const name = { namespace: "infra", name: "shop" };
  await api.until(() => api.get(routes, name)?.status?.parents?.length === 1);
  const found = await api.until(
    () => api.get(classes, { namespace: undefined, name: "warren" })?.status?.conditions,
  );
  expect(kit.conditionOf("SupportedVersion", found)).toBe("False UnsupportedVersion");
});

test("null is what absent is, and a rule with an empty list of matches matches everything", async () => {
  await using api = await startCluster();
  const nothing = null as unknown as undefined;
  const modifier = { set: null, remove: ["x-old"] } as unknown as { remove: string[] };
  const backendRefs = [{ name: "web", port: 8080 }];
  const filters = [{ type: "RequestHeaderModifier", requestHeaderModifier: modifier }];
  putRoute(api, { spec: { rules: [{ matches: [], filters, backendRefs, timeouts: nothing! }] } });
  putRoute(api, {
    name: "odd",
    spec: { parentRefs: nothing!, hostnames: nothing!, rules: nothing! },
  });
  await using agent = startAgentPart(api);
  await agent.ready;
  expect([...agent.published.routes()]).toMatchObject([
    { host: "shop.test", path: "/", path_type: "Prefix" },
  ]);
  expect(agent.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});

test.each([
  {
    name: "translated",
    rules: [{ filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: { set: 5 } }] }],
  },
  { name: "read", rules: 5 },
])("a route that cannot be $name is tried again, and the others are served", async ({ rules }) => {
  await using api = await startCluster();
  await using agent = startAgentPart(api);
  await agent.ready;
  const strange = rules as unknown as [];
  const failures = () => agent.log.lines.filter(({ msg }) => msg === FAILED);
  putRoute(api, { name: "odd", spec: { rules: strange } });
  putRoute(api);
  await api.until(() => ofRoute(api, "Accepted") === "True Accepted");
  expect([...agent.published.routes()]).toMatchObject([{ host: "shop.test" }]);
  expect(failures()).toHaveLength(1);
  agent.clock.advance(1_000);
  expect(failures().length).toBeGreaterThan(1);
  putRoute(api, { name: "odd" });
  await api.until(() => ofRoute(api, "Accepted", "odd") === "True Accepted");
  const told = failures().length;
  agent.clock.advance(600_000);
  expect(failures()).toHaveLength(told);
});
