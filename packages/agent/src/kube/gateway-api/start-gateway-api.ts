import type { Clock, Log, Metrics } from "@warren/host";
import { watchResource, withoutManagedFields, type KubeClient } from "@warren/host/kube";
import type { KubeObject, Resource, WatchTold } from "@warren/host/kube";
import type { Published } from "../../published.ts";
import type { TlsSettings } from "../../target.ts";
import type { ClusterFeed } from "../cluster-view.ts";
import type { HostOwners } from "../host-owners.ts";
import type { ProblemLines } from "../problem-lines.ts";
import type { ToldElsewhere } from "../told-elsewhere.ts";
import { GatewayApiController, type ClusterNames, type GatewayApiSources } from "./controller.ts";
import { GatewayApiEvents } from "./gateway-api-events.ts";
import { gatewayId, secretsOf, type CertificateUsers } from "./gateway-certificates.ts";
import { ingressProblems } from "./ingress-problems.ts";
import type { ModelOptions } from "./model.ts";
import { withoutNulls, type RouteObject } from "./objects.ts";
import * as resources from "./resources.ts";
import { ServedWatch, type VersionWatch } from "./served-watch.ts";
import { Statuses } from "./statuses.ts";

export interface GatewayApiDeps {
  readonly client: KubeClient;
  readonly feed: ClusterFeed;
  readonly published: Published;
  readonly names: ClusterNames;
  /** Undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  /** How Services that speak TLS are verified. */
  readonly tls: TlsSettings;
  readonly connectTimeoutMs: number;
  /** Where gateways listen for visitors. */
  readonly ports: ModelOptions["ports"];
  /** `spec.controllerName` of the GatewayClasses that are ours. */
  readonly controllerName: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
  readonly log: Log;
  readonly lines: ProblemLines;
  readonly metrics: Metrics;
  /** Who brings listeners' certificates to gateways; undefined where Secrets may not be read. */
  readonly certificates: CertificateUsers | undefined;
  /** Whose hosts are. */
  readonly hosts: HostOwners;
  /** Hears of places that Ingresses lost to older routes. */
  readonly lost: ToldElsewhere;
  /** What watches tell of themselves. */
  readonly told: (event: WatchTold) => void;
}

export interface RunningGatewayApi extends AsyncDisposable {
  /** Everything that there was at the start is published. */
  readonly ready: Promise<void>;
  /** Resolves when no status waits to be written. */
  idle(): Promise<void>;
}

/** Where visitors find Warren's gateways, whatever is in front of them. */
export const PUBLIC_PORTS = { http: 80, tls: 443 } as const;

/**
 * Publishes the cluster's Gateway API objects, and writes their status while this agent speaks for its
 * cluster. Returns at once: CRDs that are absent, each of them, are empty ones until they appear. Disposing
 * of it ends the watches; what is published stays.
 */
export function startGatewayApi(deps: GatewayApiDeps, signal: AbortSignal): RunningGatewayApi {
  const events = new GatewayApiEvents(deps.log, deps.metrics, deps.lines);
  const { sources, close } = openSources(deps, signal);
  const began = deps.clock.now();
  const controller: GatewayApiController = new GatewayApiController({
    ...deps,
    sources,
    failed: (...what) => events.failed(...what),
    told: (news) => {
      statuses.heard(news);
      for (const key of news.gateways) bring(key);
      for (const id of news.routes) deps.certificates?.moved(id);
      for (const key of news.ingresses)
        deps.lost.set("routes", key, ingressProblems(model.lostOfIngress(key)));
    },
  });
  const { model } = controller;
  const bring = (key: string): void => {
    const state = model.gateway(key);
    const age = Date.parse(state?.gateway.metadata.creationTimestamp ?? "") || 0;
    const { secret } = deps.feed;
    const { isAttached } = model;
    deps.certificates?.name(gatewayId(key), age, secretsOf(state, { secret, isAttached }));
  };
  const statuses = new Statuses({ ...deps, model, sources, events });
  events.observe(deps.metrics, () => ({ objects: model.counts(), routes: controller.size }));
  const ready = readied(controller, (gateways, routes) =>
    events.synced(gateways, routes, deps.clock.now() - began),
  );
  ready.catch(() => {}); // whoever waits for it hears it
  return {
    ready,
    idle: () => statuses.idle(),
    async [Symbol.asyncDispose]() {
      controller[Symbol.dispose]();
      await statuses[Symbol.asyncDispose]();
      await close();
    },
  };
}

async function readied(
  controller: GatewayApiController,
  tell: (gateways: number, routes: number) => void,
): Promise<void> {
  await controller.synced;
  tell(controller.model.counts().Gateway, controller.size);
}

/** A watch of each kind. */
function openSources(deps: GatewayApiDeps, signal: AbortSignal) {
  const all: AsyncDisposable[] = [];
  const served = <T extends KubeObject>({ versions }: resources.Versioned<T>): ServedWatch<T> => {
    const watch = new ServedWatch<T>({
      versions,
      serves: (resource) => deps.client.serves(resource),
      watch: (resource, gone) => watchOne(deps, { resource, gone, signal }),
      after: (ms, task) => deps.clock.after(ms, task),
    });
    all.push(watch);
    return watch;
  };
  const route = (kind: keyof typeof resources.ROUTES) =>
    served<RouteObject>(resources.ROUTES[kind]);
  const sources: GatewayApiSources = {
    classes: served(resources.GATEWAY_CLASSES),
    gateways: served(resources.GATEWAYS),
    routes: {
      HTTPRoute: route("HTTPRoute"),
      GRPCRoute: route("GRPCRoute"),
      TLSRoute: route("TLSRoute"),
      TCPRoute: route("TCPRoute"),
      UDPRoute: route("UDPRoute"),
    },
    grants: served(resources.REFERENCE_GRANTS),
    namespaces: served({ versions: [resources.NAMESPACES] }),
    policies: served(resources.BACKEND_TLS_POLICIES),
    listenerSets: served(resources.LISTENER_SETS),
  };
  const close = async () => {
    await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
  };
  return { sources, close };
}

interface Watching<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly gone: () => void;
  readonly signal: AbortSignal;
}

/**
 * What may not be read is empty for as long: a role that leaves a kind out takes that kind away, and
 * not the others.
 */
function watchOne<T extends KubeObject>(
  deps: GatewayApiDeps,
  { resource, gone, signal }: Watching<T>,
): VersionWatch<T> {
  const forbidden = Promise.withResolvers<void>();
  const watch = watchResource<T>({
    client: deps.client,
    resource,
    namespaces: deps.namespaces,
    labelSelector: undefined,
    fieldSelector: undefined,
    trim: (object) => withoutNulls(withoutManagedFields(object)),
    clock: deps.clock,
    random: deps.random,
    told: (event) => {
      if (event.kind === "forbidden") forbidden.resolve();
      if (event.kind === "absent") gone();
      deps.told(event);
    },
    signal,
  });
  return {
    synced: Promise.race([watch.synced, forbidden.promise]),
    get: (key) => watch.get(key),
    values: () => watch.values(),
    onChange: (heard) => watch.onChange(heard),
    [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose](),
  };
}
