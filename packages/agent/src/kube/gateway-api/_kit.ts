// Small clusters for the tests of this folder: objects as an API server gives them.
import { STRICT_TLS } from "../../target.ts";
import { HostOwners } from "../host-owners.ts";
import { Slice } from "../slice.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { ObjectMeta, Secret, Service } from "../objects.ts";
import { gatewayStatus } from "./gateway-status.ts";
import { GatewayModel, type ModelOptions } from "./model.ts";
import type {
  Condition,
  Gateway,
  GatewayClass,
  Listener,
  Namespace,
  RouteKind,
} from "./objects.ts";
import type { ReferenceGrant, RouteObject, RouteRule } from "./objects.ts";
import { routeParents } from "./route-status.ts";

export const CONTROLLER_NAME = "warren.dev/gateway";

export const meta = (name: string, more: Partial<ObjectMeta> = {}): ObjectMeta => ({
  name,
  namespace: "infra",
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation: 1,
  creationTimestamp: "2024-01-01T00:00:00Z",
  ...more,
});

export const gatewayClass = (more: Partial<GatewayClass["spec"]> = {}): GatewayClass => ({
  metadata: { ...meta("warren"), namespace: undefined } as unknown as ObjectMeta,
  spec: { controllerName: CONTROLLER_NAME, ...more },
});

export const http = (more: Partial<Listener> = {}): Listener => ({
  name: "http",
  port: 80,
  protocol: "HTTP",
  ...more,
});
export const https = (more: Partial<Listener> = {}): Listener => ({
  name: "https",
  port: 443,
  protocol: "HTTPS",
  tls: { mode: "Terminate", options: { "warren.dev/certificate": "gateway" } },
  ...more,
});
export const passthrough = (more: Partial<Listener> = {}): Listener => ({
  name: "tls",
  port: 443,
  protocol: "TLS",
  tls: { mode: "Passthrough" },
  ...more,
});
export const tcp = (port: number, more: Partial<Listener> = {}): Listener => ({
  name: `tcp-${port}`,
  port,
  protocol: "TCP",
  ...more,
});

export function gateway(
  listeners: Listener[] = [http()],
  spec: Partial<Gateway["spec"]> = {},
  more: Partial<ObjectMeta> = {},
): Gateway {
  return {
    metadata: meta("edge", more),
    spec: { gatewayClassName: "warren", listeners, ...spec },
  };
}

export const toWeb = { name: "web", port: 8080 };

export function route(
  spec: Partial<RouteObject["spec"]> = {},
  more: Partial<ObjectMeta> = {},
): RouteObject {
  return {
    metadata: meta("shop", more),
    spec: {
      parentRefs: [{ name: "edge" }],
      hostnames: ["shop.test"],
      rules: [{ backendRefs: [toWeb] }],
      ...spec,
    },
  };
}
export const ruled = (...rules: RouteRule[]) => route({ rules });

export const service = (
  name: string,
  { namespace = "infra", spec = {} }: { namespace?: string; spec?: Service["spec"] } = {},
): Service => ({
  metadata: meta(name, { namespace }),
  spec: { clusterIP: "10.0.0.1", ports: [{ port: 8080 }], ...spec },
});

export const grant = (
  namespace: string,
  spec: ReferenceGrant["spec"],
  name = "grant",
): ReferenceGrant => ({ metadata: meta(name, { namespace }), spec });

export const namespace = (name: string, labels: Record<string, string> = {}): Namespace => ({
  metadata: { ...meta(name, { labels }), namespace: undefined } as unknown as ObjectMeta,
});

export interface Cluster {
  gateways: Gateway[];
  classes: GatewayClass[];
  routes: [RouteKind, RouteObject][];
  services: Service[];
  secrets: Secret[] | undefined;
  grants: ReferenceGrant[];
  namespaces: Namespace[];
  names: string[];
}

const find = <T extends { metadata: ObjectMeta }>(all: T[], space: string, name: string) =>
  all.find(({ metadata }) => metadata.namespace === space && metadata.name === name);

export function viewOf({ services, secrets }: Pick<Cluster, "services" | "secrets">): ClusterView {
  return {
    service: (space, name) => find(services, space, name),
    endpoints: () => [],
    forbidden: () => undefined,
    ingressClass: () => undefined,
    defaultIngressClass: () => undefined,
    controller: () => undefined,
    secret: secrets && ((space, name) => find(secrets, space, name)),
    mode: "tunnel",
    endpoint: undefined,
  };
}

export const DEFAULTS: Omit<ModelOptions, "view" | "hosts"> = {
  tls: STRICT_TLS,
  connectTimeoutMs: 10_000,
  controllerName: CONTROLLER_NAME,
  ports: { http: 80, tls: 443 },
};

/** A cluster with one class, one Gateway and Services web and api, but for what is given. */
export function cluster(given: Partial<Cluster> = {}): Cluster {
  return {
    classes: [gatewayClass()],
    gateways: [gateway()],
    routes: [],
    services: [service("web"), service("api")],
    secrets: undefined,
    grants: [],
    namespaces: [namespace("infra")],
    names: ["home.gate.test"],
    ...given,
  };
}

const keyed = ({ metadata }: { metadata: ObjectMeta }) => `${metadata.namespace}/${metadata.name}`;

export function modelOf(all: Cluster, hosts = new HostOwners()): GatewayModel {
  const model = new GatewayModel({ ...DEFAULTS, hosts, view: viewOf(all) });
  model.setNames(all.names);
  for (const one of all.classes) model.putClass(one.metadata.name, one);
  for (const one of all.gateways) model.putGateway(keyed(one), one);
  for (const one of all.namespaces) model.putNamespace(one.metadata.name, one);
  for (const one of all.grants) model.putGrant(keyed(one), one);
  for (const [kind, one] of all.routes) model.putRoute(kind, keyed(one), one);
  return model;
}

/** A slice of so many places, however long they take. */
export const places = (count: number) => new Slice({ now: () => 0 }, count);

/** All that is published, in order of key, and the model for more questions. */
export function settled(all: Cluster, hosts = new HostOwners()) {
  const model = modelOf(all, hosts);
  while (model.work(places(3)));
  const { put } = model.take();
  const published = put.map(({ publication }) => publication);
  return { model, published, routes: published.map(({ route: one }) => one) };
}

const WHEN = { generation: 1, now: "2024-02-02T00:00:00Z" };

/** What Warren says to each parent of `object`: `Accepted True Accepted`, in order of type. */
export function said(
  object: RouteObject,
  given: Partial<Cluster> = {},
  kind: RouteKind = "HTTPRoute",
): string[][] {
  const { model } = settled(cluster({ routes: [[kind, object]], ...given }));
  const outcome = model.outcome(`${keyed(object)} ${kind}`);
  const how = { controllerName: CONTROLLER_NAME, published: undefined, when: WHEN };
  return routeParents([], outcome?.parents ?? [], how).map(({ conditions }) => short(conditions));
}
export const FINE = ["Accepted True Accepted", "ResolvedRefs True ResolvedRefs"];
export const notAccepted = (reason: string) => [`Accepted False ${reason}`, FINE[1]];

/** The status of Gateway infra/edge; undefined when it is none of ours. */
export function statusOf(one: Gateway, given: Partial<Cluster> = {}) {
  const { model } = settled(cluster({ gateways: [one], ...given }));
  const state = model.gateway("infra/edge");
  return state && gatewayStatus(model, state, { before: {}, when: WHEN });
}

export const short = (all: readonly Condition[] = []) =>
  all.map(({ type, status, reason }) => `${type} ${status} ${reason}`).toSorted();

/** Status and reason of the condition of a type. */
export const conditionOf = (type: string, all: readonly Condition[] = []) =>
  short(all.filter((one) => one.type === type))[0]?.slice(type.length + 1);
