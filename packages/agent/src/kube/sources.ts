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
import type { ClusterFeed } from "./cluster-view.ts";
import { startIngresses } from "./ingress/start-ingresses.ts";

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
  /** The public names that gateways give this cluster. */
  named(names: readonly string[]): void;
}

/** Source of the Events that the agent writes. */
const AGENT = "warren-agent";

export function startSources(deps: SourcesDeps): RunningSources {
  const owned = new AsyncDisposableStack();
  const { clock, wallClock, told, gateways } = deps;
  const recorder = owned.use(
    new KubeEventRecorder({
      client: deps.client,
      controller: AGENT,
      instance: deps.agentId,
      clock,
      wallClock,
      uniqueId: () => randomId(8, "hex"),
      told: told.events,
    }),
  );
  const ingresses = owned.use(startIngresses(deps, recorder));
  ingresses.named([], gateways);
  return {
    ready: ingresses.ready,
    named: (names) => ingresses.named(names, gateways),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
