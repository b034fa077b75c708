import { randomId } from "@warren/host";
import {
  KubeEventRecorder,
  type KubeClient,
  type KubeEvents,
  type Leadership,
} from "@warren/host/kube";
import type { KubeSettings } from "../kube-options.ts";
import type { KubeSourceDeps } from "../kube-source.ts";
import type { Published } from "../published.ts";
import type { ClusterCaches } from "./cluster-caches.ts";
import type { ClusterNames } from "./cluster-names.ts";
import type { ClusterFeed } from "./cluster-view.ts";
import { PUBLIC_PORTS, startGatewayApi } from "./gateway-api/start-gateway-api.ts";
import { IngressController } from "./ingress/ingress-controller.ts";
import { IngressEvents } from "./ingress/ingress-events.ts";
import { IngressReporter } from "./ingress/ingress-reporter.ts";
import { ingressStatus } from "./ingress/ingress-status.ts";

/** Field manager of what agents write, and source of their Events. */
export const AGENT = "warren-agent";

export interface SourcesDeps extends KubeSourceDeps {
  settings: KubeSettings;
  client: KubeClient;
  caches: ClusterCaches;
  feed: ClusterFeed;
  names: ClusterNames;
  published: Published;
  leadership: Leadership;
  kube: KubeEvents;
  signal: AbortSignal;
}

/** What publishes from the cluster. */
export interface RunningSources extends AsyncDisposable {
  /** Everything that there was at the start is published; rejects when that is given up. */
  readonly ready: Promise<unknown>;
}

/** Starts all that reads objects and publishes what they say. Returns at once. */
export function startSources(deps: SourcesDeps): RunningSources {
  const owned = new AsyncDisposableStack();
  const ingresses = startIngresses(deps, owned);
  const gatewayApi = owned.use(openGatewayApi(deps));
  return {
    ready: Promise.all([ingresses.ready, gatewayApi.ready]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function startIngresses(deps: SourcesDeps, owned: AsyncDisposableStack): IngressController {
  const { log, metrics, names } = deps;
  const events = new IngressEvents(log, metrics);
  const controller = owned.use(openIngresses(deps, events));
  const reporter = owned.use(
    openReporter(deps, { controller, events }, owned.use(openRecorder(deps))),
  );
  const named = (): void => {
    controller.setNames(names.names);
    // One of them: several would be several CNAMEs of one host for who writes DNS from a status.
    const [hostname] = names.names;
    reporter.setAddresses(hostname === undefined ? [] : [{ hostname }]);
  };
  owned.defer(names.onChange(named));
  named();
  return controller;
}

function openIngresses(deps: SourcesDeps, events: IngressEvents): IngressController {
  const { caches, feed, published, settings, tls, connectTimeoutMs, clock, random } = deps;
  return new IngressController({
    ingresses: caches.ingresses,
    feed,
    published,
    selection: settings,
    tls,
    connectTimeoutMs,
    clock,
    random,
    events,
  });
}

function openReporter(
  { caches, client, published, leadership, clock, random }: SourcesDeps,
  { controller, events }: { controller: IngressController; events: IngressEvents },
  recorder: KubeEventRecorder,
): IngressReporter {
  return new IngressReporter({
    controller,
    ingresses: caches.ingresses,
    published,
    lead: leadership,
    recorder,
    status: ingressStatus(client),
    clock,
    random,
    events,
  });
}

function openRecorder({ agentId, client, clock, wallClock, kube }: SourcesDeps): KubeEventRecorder {
  return new KubeEventRecorder({
    client,
    controller: AGENT,
    instance: agentId,
    clock,
    wallClock,
    uniqueId: () => randomId(8, "hex"),
    told: kube.events,
  });
}

function openGatewayApi(deps: SourcesDeps): AsyncDisposable & { ready: Promise<void> } {
  const { settings, kube, signal } = deps;
  const { namespaces } = settings;
  return startGatewayApi({ ...deps, namespaces, ports: PUBLIC_PORTS, told: kube.watch }, signal);
}
