// Objects of Gateway API that Warren does not serve: each says so itself, against the API server double.
import type { KubeApi } from "@warren/host/testing";
import { expect, test } from "vitest";
import * as resources from "../src/kube/gateway-api/resources.ts";
import type {
  BackendTlsPolicy,
  ListenerSet,
  PolicyAncestorStatus,
  ReferenceGrant,
} from "../src/kube/gateway-api/objects.ts";
import * as kit from "./_gateway-api-kit.ts";

const { ofRoute, putRoute, startAgentPart, startCluster } = kit;
const [SETS, X_SETS] = resources.LISTENER_SETS.versions as [
  (typeof resources.LISTENER_SETS.versions)[0],
  (typeof resources.LISTENER_SETS.versions)[0],
];
const POLICIES = resources.BACKEND_TLS_POLICIES.versions[0];
const LISTENERS = [{ name: "more", port: 80, protocol: "HTTP" }];
const AT_SET = { group: "gateway.networking.k8s.io", kind: "ListenerSet", name: "more" };
const TIME = "2020-01-01T00:00:00Z";
/** What the CRDs say until a controller does. */
const PENDING = ["Accepted", "Programmed"].map((type) => ({
  type,
  status: "Unknown" as const,
  reason: "Pending",
  message: "Waiting for controller",
  lastTransitionTime: TIME,
}));

const putSet = (api: KubeApi, gateway = "edge", resource = SETS) => {
  const spec = { parentRef: { name: gateway }, listeners: LISTENERS };
  const status = { conditions: PENDING };
  api.put<ListenerSet>({ metadata: { name: "more", namespace: "infra" }, spec, status }, resource);
};
const ofSet = (api: KubeApi, resource = SETS) => {
  const { conditions } = api.get(resource, { namespace: "infra", name: "more" })!.status!;
  return ["Accepted", "Programmed"].map((type) => kit.conditionOf(type, conditions));
};
const REFUSED = ["False NotAllowed", "False NotAllowed"];
const isRefused = (api: KubeApi, resource = SETS) => ofSet(api, resource).join() === REFUSED.join();

const putPolicy = (api: KubeApi, ancestors: PolicyAncestorStatus[] = [], name = "tls") =>
  api.put<BackendTlsPolicy>(
    {
      metadata: { name, namespace: "infra" },
      spec: { targetRefs: [{ group: "", kind: "Service", name: "web" }] },
      ...(ancestors.length === 0 ? {} : { status: { ancestors } }),
    },
    POLICIES,
  );
const ancestorsOf = (api: KubeApi, name = "tls") =>
  api.get(POLICIES, { namespace: "infra", name })?.status?.ancestors ?? [];
const gatewaysOf = (api: KubeApi) => ancestorsOf(api).map(({ ancestorRef: { name } }) => name);
/** Without those from a copy that was old, which are made again. */
const writesOf = (api: KubeApi, resource: string) =>
  api.requests.filter(
    (one) => one.verb === "update" && one.resource === resource && one.status === 200,
  ).length;

test("a ListenerSet of a Gateway of ours says that it is not allowed, in each generation, once", async () => {
  await using api = await startCluster();
  putSet(api);
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => isRefused(api));
  await agent.idle();
  expect(writesOf(api, "listenersets/status")).toBe(1);

  const { metadata, status } = api.get(SETS, { namespace: "infra", name: "more" })!;
  const spec = {
    parentRef: { name: "edge" },
    listeners: [{ ...LISTENERS[0], hostname: "a.test" }],
  };
  api.put({ metadata: { ...metadata }, spec, status: status! }, SETS);
  const observed = () =>
    api
      .get(SETS, { namespace: "infra", name: "more" })!
      .status!.conditions!.map((one) => one.observedGeneration);
  await api.until(() => observed().join() === "2,2");
});

test("a ListenerSet of somebody else's Gateway is left alone, until the Gateway is ours", async () => {
  await using api = await startCluster();
  api.put({ metadata: { name: "theirs" }, spec: { controllerName: "example.net/x" } }, kit.CLASSES);
  kit.putGateway(api, { gatewayClassName: "theirs" });
  putSet(api);
  putRoute(api, { spec: { parentRefs: [AT_SET] } });
  await using agent = startAgentPart(api);
  await agent.ready;
  await agent.idle();
  expect(ofSet(api)).toEqual(["Unknown Pending", "Unknown Pending"]);
  expect(kit.parentsOf(api)).toEqual([]);

  kit.putGateway(api);
  await api.until(() => isRefused(api));
  await api.until(() => ofRoute(api, "Accepted") === "False NoMatchingParent");
});

test("an XListenerSet is told as well, where the cluster has no other", async () => {
  await using api = await startCluster();
  api.withdraw(SETS);
  api.serve(X_SETS);
  putSet(api, "edge", X_SETS);
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => isRefused(api, X_SETS));
});

test("ListenerSets whose kind comes later are told, and without it nothing else waits", async () => {
  await using api = await startCluster();
  api.withdraw(SETS);
  putRoute(api);
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => ofRoute(api, "Accepted") === "True Accepted");
  api.serve(SETS);
  putSet(api);
  agent.clock.advance(60_000);
  await api.until(() => isRefused(api));
});

test("a route at a ListenerSet of a Gateway of ours hears that nothing takes it there", async () => {
  await using api = await startCluster();
  putSet(api);
  putRoute(api, { spec: { parentRefs: [{ name: "edge" }, AT_SET] } });
  await using agent = startAgentPart(api);
  await agent.ready;
  const parents = () =>
    kit
      .parentsOf(api)
      .map(({ parentRef, conditions }) => [
        parentRef.name,
        kit.conditionOf("Accepted", conditions),
      ]);
  await api.until(() => parents().length === 2);
  expect(parents()).toEqual([
    ["edge", "True Accepted"],
    ["more", "False NoMatchingParent"],
  ]);
  expect([...agent.published.routes()]).toHaveLength(1);

  putSet(api, "elsewhere");
  await api.until(() => parents().length === 1);
});

test("a BackendTLSPolicy says for each Gateway by which it would matter that it is not supported", async () => {
  await using api = await startCluster();
  const spec = { gatewayClassName: "warren", listeners: LISTENERS };
  api.put({ metadata: { name: "far", namespace: "infra" }, spec }, kit.GATEWAYS);
  const theirs: PolicyAncestorStatus = {
    ancestorRef: { name: "elsewhere" },
    controllerName: "example.net/other",
    conditions: [PENDING[0]!],
  };
  putPolicy(api, [theirs]);
  putRoute(api);
  putRoute(api, { name: "other", spec: { parentRefs: [{ name: "edge" }, { name: "far" }] } });
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => gatewaysOf(api).join() === "elsewhere,edge,far");
  const [first, second] = ancestorsOf(api);
  expect(first).toEqual(theirs);
  expect(second).toMatchObject({
    ancestorRef: { kind: "Gateway", namespace: "infra", name: "edge" },
    controllerName: "warren.dev/gateway",
    conditions: [{ type: "Accepted", status: "False", reason: "Invalid", observedGeneration: 1 }],
  });
  await agent.idle();
  const writes = writesOf(api, "backendtlspolicies/status");

  // The Gateway has another route to the Service.
  api.remove(kit.routesOf("HTTPRoute"), { namespace: "infra", name: "shop" });
  putRoute(api, { name: "other" });
  await api.until(() => gatewaysOf(api).join() === "elsewhere,edge");
  api.remove(kit.routesOf("HTTPRoute"), { namespace: "infra", name: "other" });
  await api.until(() => gatewaysOf(api).join() === "elsewhere");
  await agent.idle();
  expect(ancestorsOf(api)).toEqual([theirs]);
  expect(writesOf(api, "backendtlspolicies/status")).toBe(writes + 2);
});

test("nothing is written into a BackendTLSPolicy that no route of ours has to do with", async () => {
  await using api = await startCluster();
  kit.putService(api, "other");
  putPolicy(api);
  putRoute(api, { spec: { rules: [{ backendRefs: [{ name: "other", port: 8080 }] }] } });
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => ofRoute(api, "ResolvedRefs") === "True ResolvedRefs");
  await agent.idle();
  expect(writesOf(api, "backendtlspolicies/status")).toBe(0);
});

test("who may not lead to a Service puts no Gateway of his into the status of its policy", async () => {
  await using api = await startCluster();
  kit.putService(api, "web", "team");
  const metadata = { name: "tls", namespace: "team" };
  const targetRefs = [{ group: "", kind: "Service", name: "web" }];
  api.put<BackendTlsPolicy>({ metadata, spec: { targetRefs } }, POLICIES);
  const backendRefs = [{ name: "web", namespace: "team", port: 8080 }];
  putRoute(api, { spec: { rules: [{ backendRefs }] } });
  await using agent = startAgentPart(api);
  await agent.ready;
  await api.until(() => ofRoute(api, "ResolvedRefs") === "False RefNotPermitted");
  await agent.idle();
  const told = () => api.get(POLICIES, metadata)?.status?.ancestors?.length ?? 0;
  expect(told()).toBe(0);

  const spec: ReferenceGrant["spec"] = {
    from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "infra" }],
    to: [{ group: "", kind: "Service" }],
  };
  const grants = resources.REFERENCE_GRANTS.versions[0];
  api.put<ReferenceGrant>({ metadata: { name: "g", namespace: "team" }, spec }, grants);
  await api.until(() => told() === 1);
});

test("who begins to speak takes nothing back of what a policy says while it is still true", async () => {
  await using api = await startCluster();
  putPolicy(api);
  putRoute(api);
  {
    await using first = startAgentPart(api);
    await first.ready;
    await api.until(() => gatewaysOf(api).join() === "edge");
    await first.idle();
  }
  const before = writesOf(api, "backendtlspolicies/status");
  const voice = kit.toldVoice(false);
  await using second = startAgentPart(api, { voice });
  voice.speak(true);
  await second.ready;
  await second.idle();
  expect(gatewaysOf(api)).toEqual(["edge"]);
  expect(writesOf(api, "backendtlspolicies/status")).toBe(before);
});
