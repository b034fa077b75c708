import type { KubeClient, KubeEvents, Leadership } from "@warren/host/kube";
import type { KubeSettings } from "../kube-options.ts";
import type { KubeSourceDeps } from "../kube-source.ts";
import type { Published } from "../published.ts";
import type { ClusterCaches } from "./cluster-caches.ts";
import type { ClusterFeed } from "./cluster-view.ts";
import { IngressController } from "./ingress/ingress-controller.ts";
import { IngressEvents } from "./ingress/ingress-events.ts";

export interface SourcesDeps extends KubeSourceDeps {
  settings: KubeSettings;
  client: KubeClient;
  caches: ClusterCaches;
  feed: ClusterFeed;
  published: Published;
  leadership: Leadership;
  told: KubeEvents;
  signal: AbortSignal;
}

/** What publishes from the cluster. */
export interface RunningSources extends AsyncDisposable {
  /** Everything that there was at the start is published; rejects when that is given up. */
  readonly ready: Promise<void>;
}

export function startSources(deps: SourcesDeps): RunningSources {
  const owned = new AsyncDisposableStack();
  const { caches, feed, published, settings, log, metrics, clock, random } = deps;
  const events = new IngressEvents(log, metrics);
  const ingresses = owned.use(
    new IngressController({
      ingresses: caches.ingresses,
      feed,
      published,
      selection: settings,
      tls: deps.tls,
      connectTimeoutMs: deps.connectTimeoutMs,
      clock,
      random,
      events,
    }),
  );
  return {
    ready: ingresses.ready,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
