// Gateway API in an agent, against the API server double, with a real table of publications.
import { promMetrics } from "@warren/host";
import { SERVICES, watchResource, withoutManagedFields, type KubeClient } from "@warren/host/kube";
import type { KubeObject, Resource } from "@warren/host/kube";
import {
  recordingLog,
  startKubeApi,
  virtualClock,
  type KubeApi,
  type KubeApiOptions,
} from "@warren/host/testing";
import { WatchedCluster } from "../src/kube/cluster-feed.ts";
import { HostOwners } from "../src/kube/host-owners.ts";
import { ProblemLines } from "../src/kube/problem-lines.ts";
import { ToldElsewhere } from "../src/kube/told-elsewhere.ts";
import type { Objects } from "../src/kube/objects-port.ts";
import type { EndpointSlice, Service } from "../src/kube/objects.ts";
import { SERVER } from "./ingress/_kit.ts";
import { MemoryObjects } from "./ingress/_objects.ts";
import * as resources from "../src/kube/gateway-api/resources.ts";
import { PUBLIC_PORTS, startGatewayApi } from "../src/kube/gateway-api/start-gateway-api.ts";
import type {
  Condition,
  Gateway,
  GatewayClass,
  RouteKind,
  RouteObject,
} from "../src/kube/gateway-api/objects.ts";
import { Published } from "../src/published.ts";
import { STRICT_TLS } from "../src/target.ts";
import type { Voice } from "../src/voice.ts";

const ALL = [
  resources.GATEWAY_CLASSES,
  resources.GATEWAYS,
  ...Object.values(resources.ROUTES),
  resources.REFERENCE_GRANTS,
  resources.BACKEND_TLS_POLICIES,
  resources.LISTENER_SETS,
].map(({ versions }) => versions[0] as Resource);

export const [CLASSES, GATEWAYS] = [
  resources.GATEWAY_CLASSES.versions[0],
  resources.GATEWAYS.versions[0],
];
export const routesOf = (kind: RouteKind) => resources.ROUTES[kind].versions[0];

/** A cluster with the CRDs, class warren, Gateway infra/edge and Service infra/web. */
export async function startCluster(options: KubeApiOptions = {}): Promise<KubeApi> {
  const api = await startKubeApi(options);
  for (const resource of ALL) api.serve(resource);
  api.put<GatewayClass>(
    { metadata: { name: "warren" }, spec: { controllerName: "warren.dev/gateway" } },
    CLASSES,
  );
  putGateway(api);
  putService(api);
  return api;
}

export const putService = (api: KubeApi, name = "web", namespace = "infra") =>
  api.put<Service>(
    { metadata: { name, namespace }, spec: { clusterIP: "10.0.0.1", ports: [{ port: 8080 }] } },
    SERVICES,
  );

export const putGateway = (api: KubeApi, spec: Partial<Gateway["spec"]> = {}) =>
  api.put<Gateway>(
    {
      metadata: { name: "edge", namespace: "infra" },
      spec: {
        gatewayClassName: "warren",
        listeners: [{ name: "http", port: 80, protocol: "HTTP" }],
        ...spec,
      },
    },
    GATEWAYS,
  );

export interface RouteGiven {
  name?: string;
  annotations?: Record<string, string>;
  kind?: RouteKind;
  spec?: Partial<RouteObject["spec"]>;
  status?: RouteObject["status"];
}

export const putRoute = (
  api: KubeApi,
  { name = "shop", kind = "HTTPRoute", annotations = {}, spec = {}, status }: RouteGiven = {},
) => {
  // As `kubectl apply` does, which leaves the status to its writers.
  const kept = status ?? api.get(routesOf(kind), { namespace: "infra", name })?.status;
  return api.put<RouteObject>(
    {
      metadata: { name, namespace: "infra", annotations },
      spec: {
        parentRefs: [{ name: "edge" }],
        hostnames: [`${name}.test`],
        rules: [{ backendRefs: [{ name: "web", port: 8080 }] }],
        ...spec,
      },
      ...(kept === undefined ? {} : { status: kept }),
    },
    routesOf(kind),
  );
};

/** A voice that speaks when it is told to. */
export function toldVoice(speaks: boolean): Voice & { speak(now: boolean): void } {
  const heard = new Set<(speaks: boolean) => void>();
  let revision = 0;
  let now = speaks;
  return {
    get speaks() {
      return now;
    },
    get revision() {
      return revision;
    },
    known: undefined,
    next: () => ++revision,
    surpass: () => true,
    onChange(listener) {
      heard.add(listener);
      return () => heard.delete(listener);
    },
    speak(then) {
      now = then;
      for (const listener of heard) listener(then);
    },
  };
}

function empty<T extends KubeObject>(): MemoryObjects<T> {
  const objects = new MemoryObjects<T>();
  objects.sync();
  return objects;
}

/** Services alone: no slices, classes or controllers. */
export const feedOf = (
  services: Objects<Service>,
  endpointSlices: Objects<EndpointSlice> = empty(),
) =>
  new WatchedCluster({
    server: SERVER,
    isApiHidden: () => false,
    services,
    endpointSlices,
    ingressClasses: empty(),
    secrets: undefined,
    controllers: {
      synced: Promise.resolve(),
      controller: () => undefined,
      onChange: () => () => {},
    },
    reach: { mode: "tunnel", endpoint: undefined, onChange: () => () => {} },
  });

/** An agent's part for Gateway API. */
export function startAgentPart(
  api: KubeApi,
  {
    voice = toldVoice(true),
    names = ["home.gate.test"],
    controllerName = "warren.dev/gateway",
  } = {},
) {
  const clock = virtualClock();
  const log = recordingLog();
  const metrics = promMetrics();
  const published = new Published(voice);
  const stop = new AbortController();
  const lost = new ToldElsewhere();
  const client: KubeClient = api.client();
  const services = watchResource({
    client,
    resource: SERVICES,
    namespaces: undefined,
    labelSelector: undefined,
    fieldSelector: undefined,
    trim: withoutManagedFields,
    clock,
    random: () => 0.5,
    told: () => {},
    signal: stop.signal,
  });
  const endpointSlices = empty<EndpointSlice>();
  const feed = feedOf(services, endpointSlices);
  const running = startGatewayApi(
    {
      client,
      feed,
      published,
      names: { names, onChange: () => () => {} },
      namespaces: undefined,
      tls: STRICT_TLS,
      connectTimeoutMs: 1_000,
      ports: PUBLIC_PORTS,
      controllerName,
      lost,
      hosts: new HostOwners(),
      clock,
      random: () => 0.5,
      wallClock: () => Date.parse("2024-02-02T00:00:00Z") + clock.now(),
      log,
      lines: new ProblemLines(log, clock),
      metrics,
      certificates: undefined,
      told: () => {},
    },
    stop.signal,
  );
  return {
    ...running,
    clock,
    log,
    metrics,
    published,
    endpointSlices,
    lost,
    voice,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      feed[Symbol.dispose]();
      stop.abort();
      await services[Symbol.asyncDispose]();
    },
  };
}

/** Status and reason of a condition: `True Accepted`. */
export function conditionOf(type: string, all: readonly Condition[] = []): string | undefined {
  const found = all.find((one) => one.type === type);
  return found && `${found.status} ${found.reason}`;
}

export const parentsOf = (api: KubeApi, name = "shop", kind: RouteKind = "HTTPRoute") =>
  api.get(routesOf(kind), { namespace: "infra", name })?.status?.parents ?? [];

/** What Warren says of a route: `True Accepted`. */
export const ofRoute = (api: KubeApi, type: string, name?: string, kind?: RouteKind) =>
  conditionOf(
    type,
    parentsOf(api, name, kind).find((one) => one.controllerName === "warren.dev/gateway")
      ?.conditions,
  );

export const gatewayOf = (api: KubeApi) => api.get(GATEWAYS, { namespace: "infra", name: "edge" });
