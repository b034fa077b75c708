// What is taken out of a cluster's statuses when agents leave it, on the API server double.
import {
  INGRESS_CLASSES,
  INGRESSES,
  statusOf,
  type Ingress,
  type KubeClient,
  type KubeObject,
} from "@warren/host/kube";
import { startKubeApi, type KubeApi } from "@warren/host/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentDefaults } from "../src/options.ts";
import { kubeSettings, type KubeSettings } from "../src/kube-options.ts";
import * as gatewayApi from "../src/kube/gateway-api/resources.ts";
import { sweepCluster } from "../src/kube/leave/sweep-cluster.ts";
import { CLASSES, GATEWAYS, putGateway, routesOf, startCluster } from "./_gateway-api-kit.ts";

const OURS = { ip: "192.0.2.7" };
const AGENT = [{ manager: "warren-agent", operation: "Update", subresource: "status" }];
const OTHER = [{ manager: "nginx-ingress-controller", operation: "Update", subresource: "status" }];
const NEVER = "1970-01-01T00:00:00Z";
const LISTENER_SETS = gatewayApi.LISTENER_SETS.versions[0];
const HTTP_ROUTES = routesOf("HTTPRoute");
const POLICIES = { ...HTTP_ROUTES, plural: "backendtlspolicies", kind: "BackendTLSPolicy" };
const said = (type: string, lastTransitionTime = "2026-01-01T00:00:00Z", status = "True") => ({
  type,
  status: status as "True",
  reason: "Said",
  message: "",
  lastTransitionTime,
});

let api: KubeApi;
let client: KubeClient;
beforeEach(async () => {
  api = await startCluster();
  client = api.client();
});
afterEach(async () => {
  client[Symbol.dispose]();
  await api[Symbol.asyncDispose]();
});

const settings = (more: Partial<KubeSettings> = {}): KubeSettings => ({
  ...kubeSettings({ ...agentDefaults, kube: "on" }, { host: undefined, port: undefined })!,
  ...more,
});
const { signal } = new AbortController();
const sweep = (more: Partial<KubeSettings> = {}) =>
  sweepCluster({ client, settings: settings(more), signal });
const mendedIn = async (more: Partial<KubeSettings> = {}) =>
  Object.fromEntries(
    (await sweep(more))
      .filter(({ mended }) => mended > 0)
      .map(({ kind, mended }) => [kind, mended]),
  );

function ingress(name: string, ingressClassName: string | undefined, managedFields?: object[]) {
  const metadata = { name, namespace: "apps", ...(managedFields && { managedFields }) };
  const spec = { ...(ingressClassName && { ingressClassName }) };
  api.put<Ingress>({ metadata, spec, status: { loadBalancer: { ingress: [OURS] } } }, INGRESSES);
}
const ingressClass = (name: string, controller: string) =>
  api.put({ metadata: { name }, spec: { controller } }, INGRESS_CLASSES);
const addresses = (name: string) =>
  api.get(INGRESSES, { namespace: "apps", name })?.status?.loadBalancer?.ingress;

describe("the address of an Ingress", () => {
  test.each([
    { name: "of the class, by its name", className: "warren", isTaken: true },
    { name: "of another class of the same controller", className: "more", isTaken: true },
    { name: "of no class, which nobody says who wrote", className: undefined, isTaken: false },
    { name: "of another controller", className: "nginx", isTaken: false },
    { name: "of another installation", className: "b", isTaken: false },
    { name: "of the class, by an agent", className: "warren", by: AGENT, isTaken: true },
    { name: "of the class, by somebody else", className: "warren", by: OTHER, isTaken: false },
    { name: "of no class by an agent, no default", className: undefined, by: AGENT, isTaken: true },
    { name: "by an agent, whose class has no object", className: "b2", by: AGENT, isTaken: false },
    { name: "of another installation's agent", className: "b", by: AGENT, isTaken: false },
  ])("$name: taken back $isTaken", async ({ className, by, isTaken }) => {
    ingressClass("more", "warren.dev/ingress");
    ingressClass("nginx", "k8s.io/ingress-nginx");
    ingressClass("b", "warren.dev/ingress/b");
    ingress("web", className, by);
    expect(await mendedIn()).toEqual(isTaken ? { "ingresses.networking.k8s.io": 1 } : {});
    expect(addresses("web")).toEqual(isTaken ? undefined : [OURS]);
    expect(await mendedIn()).toEqual({});
  });

  test("by an agent, of another class without an object, is said to stay: that may be served by its name", async () => {
    ingress("web", "b2", AGENT);
    ingress("other", "b2", OTHER);
    ingress("mine", "warren", AGENT);
    expect((await sweep())[0]).toMatchObject({ mended: 1, doubted: ["apps/web"] });
  });

  test("is left in namespaces that were not the agent's", async () => {
    ingress("web", "warren");
    expect(await mendedIn({ namespaces: ["default"] })).toEqual({});
    expect(await mendedIn({ namespaces: ["default", "apps"] })).toEqual({
      "ingresses.networking.k8s.io": 1,
    });
  });

  test("is taken back of a thousand, in pages, also where one is written meanwhile or is gone", async () => {
    for (let i = 0; i < 1_100; i++) ingress(`web-${i}`, "warren");
    const wanted = { verb: "patch", resource: "ingresses/status" };
    api.refuse({ ...wanted, name: "web-7" }, { code: 409, reason: "Conflict" }, 2);
    api.refuse({ ...wanted, name: "web-8" }, { code: 404, reason: "NotFound" });
    const [swept] = await sweep();
    expect(swept).toMatchObject({ seen: 1_100, mended: 1_099, left: [] });
    expect(addresses("web-7")).toBe(undefined);
    const lists = api.requests.filter(
      ({ verb, resource }) => verb === "list" && resource === "ingresses",
    );
    expect(lists).toHaveLength(3);
  });

  test("that was changed into somebody else's meanwhile is theirs", async () => {
    ingress("web", "warren");
    ingressClass("nginx", "k8s.io/ingress-nginx");
    const stop = api.intercept(({ verb }) => {
      if (verb === "patch") ingress("web", "nginx");
      return false;
    });
    expect(await mendedIn()).toEqual({});
    stop();
    expect(addresses("web")).toEqual([OURS]);
  });

  test("that may not be written is named, and a role that lacks it is not asked a thousand times", async () => {
    for (let i = 0; i < 100; i++) ingress(`web-${i}`, "warren");
    api.forbid("patch", statusOf(INGRESSES));
    const [swept] = await sweep();
    expect(swept).toMatchObject({ seen: 100, mended: 0 });
    expect(swept!.left.map(({ name }) => name)).toContain("apps/web-99");
    expect(swept!.left).toHaveLength(100);
    expect(api.requests.filter(({ verb }) => verb === "patch").length).toBeLessThan(40);
  });

  test("of a class that cannot be read is not guessed at", async () => {
    ingress("web", "warren");
    api.forbid("list", INGRESS_CLASSES);
    const [swept] = await sweep();
    expect(swept!.left).toMatchObject([{ name: "all of them", why: { reason: "Forbidden" } }]);
    expect(addresses("web")).toEqual([OURS]);
  });
});

const gateway = (status: object, more: { gatewayClassName?: string; by?: object[] } = {}) => {
  const { gatewayClassName = "warren", by } = more;
  putGateway(api, { gatewayClassName });
  const { metadata, spec } = api.get(GATEWAYS, { namespace: "infra", name: "edge" })!;
  const signed = { ...metadata, ...(by && { managedFields: by }) };
  api.put({ metadata: signed, spec, status } as never, GATEWAYS);
};
const classStatus = (name: string) =>
  (api.get(CLASSES, { namespace: undefined, name }) as KubeObject & { status?: object }).status;

const statusIn = (resource: typeof HTTP_ROUTES, name = "web") =>
  (api.get(resource, { namespace: "infra", name }) as { status?: object } | undefined)?.status;

describe("what Gateway API's objects say", () => {
  const entry = (controllerName: string) => ({
    parentRef: { name: "edge" },
    controllerName,
    conditions: [said("Accepted")],
  });
  const theirs = entry("example.com/gateway");

  test.each([
    { name: "alone", before: [entry("warren.dev/gateway")], after: undefined },
    { name: "beside another's", before: [entry("warren.dev/gateway"), theirs], after: [theirs] },
    { name: "of others alone", before: [theirs], after: [theirs] },
  ])("a route loses the entries of our controller $name", async ({ before, after }) => {
    const metadata = { name: "web", namespace: "infra" };
    for (const [resource, list] of [
      [HTTP_ROUTES, "parents"],
      [POLICIES, "ancestors"],
    ] as const)
      api.put({ metadata, spec: {}, status: { [list]: before } }, resource);
    await sweep();
    expect(statusIn(HTTP_ROUTES)).toEqual(after && { parents: after });
    expect(statusIn(POLICIES)).toEqual(after && { ancestors: after });
    expect(await mendedIn()).toEqual({});
  });

  const OF_US = {
    addresses: [{ type: "Hostname", value: "home.example.com" }],
    conditions: [said("Accepted"), said("Programmed"), said("ResolvedRefs")],
    listeners: [],
  };
  const waiting = (type: string) => ({
    ...said(type, NEVER, "Unknown"),
    reason: "Pending",
    message: "Waiting for controller",
  });
  test("a Gateway says nothing, as before a controller looked at it", async () => {
    gateway(OF_US);
    expect(await mendedIn()).toEqual({ "gateways.gateway.networking.k8s.io": 1 });
    expect(statusIn(GATEWAYS as never, "edge")).toBe(undefined);
    expect(await mendedIn()).toEqual({});
  });

  test("a Gateway keeps what others say of it, and waits for a controller again", async () => {
    gateway({ ...OF_US, conditions: [...OF_US.conditions, said("example.com/Checked")] });
    await sweep();
    const conditions = [waiting("Accepted"), waiting("Programmed"), said("example.com/Checked")];
    expect(statusIn(GATEWAYS as never, "edge")).toEqual({ conditions });
    expect(await mendedIn()).toEqual({});
  });

  test.each([
    { name: "of a class of another controller", gatewayClassName: "other", isTaken: false },
    { name: "whose class is gone, by its name", gatewayClassName: "warren", isTaken: true },
    { name: "whose class is gone, by its writer", gatewayClassName: "x", by: AGENT, isTaken: true },
    { name: "that others wrote", gatewayClassName: "warren", by: OTHER, isTaken: false },
  ])("a Gateway $name: taken back $isTaken", async ({ gatewayClassName, by, isTaken }) => {
    api.remove(CLASSES, { namespace: undefined, name: "warren" });
    const spec = { controllerName: "example.com/gateway" };
    api.put({ metadata: { name: "other" }, spec }, CLASSES);
    gateway(OF_US, { gatewayClassName, ...(by && { by }) });
    await sweep();
    expect(statusIn(GATEWAYS as never, "edge")).toEqual(isTaken ? undefined : OF_US);
  });

  test.each([
    { name: "of a Gateway of ours", parent: "edge", isTaken: true },
    { name: "of another's Gateway", parent: "theirs", isTaken: false },
    { name: "whose Gateway is gone, by its writer", parent: "gone", by: AGENT, isTaken: true },
    { name: "whose Gateway is gone", parent: "gone", isTaken: false },
  ])("a ListenerSet $name: taken back $isTaken", async ({ parent, by, isTaken }) => {
    const gatewayClassName = "other";
    api.serve(LISTENER_SETS);
    const controllerName = "example.com/gateway";
    api.put({ metadata: { name: gatewayClassName }, spec: { controllerName } }, CLASSES);
    const theirGateway = { name: "theirs", namespace: "infra" };
    api.put({ metadata: theirGateway, spec: { gatewayClassName, listeners: [] } }, GATEWAYS);
    const metadata = { name: "web", namespace: "infra", ...(by && { managedFields: by }) };
    const status = { conditions: [said("Accepted"), said("Programmed")] };
    api.put({ metadata, spec: { parentRef: { name: parent } }, status }, LISTENER_SETS);
    await sweep();
    expect(statusIn(LISTENER_SETS as never)).toEqual(isTaken ? undefined : status);
  });

  test("an empty list that an agent left is nothing, and one of others stays", async () => {
    const status = { parents: [] };
    for (const [name, managedFields] of [
      ["web", AGENT],
      ["other", OTHER],
    ] as const) {
      const metadata = { name, namespace: "infra", managedFields };
      api.put({ metadata, spec: {}, status } as never, HTTP_ROUTES);
    }
    await sweep();
    expect(statusIn(HTTP_ROUTES)).toBe(undefined);
    expect(statusIn(HTTP_ROUTES, "other")).toEqual(status);
  });

  test("a GatewayClass waits for a controller again, and one of others does not", async () => {
    const status = { conditions: [said("Accepted")], supportedFeatures: [{ name: "Gateway" }] };
    for (const [name, controllerName] of [
      ["warren", "warren.dev/gateway"],
      ["other", "example.com/gateway"],
    ] as const)
      api.put({ metadata: { name }, spec: { controllerName }, status }, CLASSES);
    expect(await mendedIn()).toEqual({ "gatewayclasses.gateway.networking.k8s.io": 1 });
    expect(classStatus("warren")).toBe(undefined);
    expect(classStatus("other")).toEqual(status);
  });
});

test("a cluster without Gateway API is asked for its Ingresses alone", async () => {
  await using bare = await startKubeApi();
  using asking = bare.client();
  const swept = await sweepCluster({ client: asking, settings: settings(), signal });
  expect(swept.map(({ kind }) => kind)).toEqual(["ingresses.networking.k8s.io"]);
});
