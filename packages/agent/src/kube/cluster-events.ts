import type { Clock, Gauge, Log, Metrics } from "@warren/host";
import type { WatchTold } from "@warren/host/kube";
import type { ClusterType } from "./cluster-type.ts";
import type { ReachMode } from "./cluster-view.ts";

/** One line a minute says that the API server is away, whatever fails because of it. */
const SAY_AGAIN_MS = 60_000;

/** What an agent tells of the cluster that it follows, beside what host's `KubeEvents` tells. */
export class ClusterEvents {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #isPrivate: Gauge;
  #saidAt: number | undefined;

  constructor(log: Log, metrics: Metrics, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
    const help = "1 while the cluster has no public address that is known, else 0.";
    this.#isPrivate = metrics.gauge({ name: "agent_cluster_private", help, labels: [] }).with();
    this.#isPrivate.set(1);
  }

  following(server: string, namespaces: readonly string[] | undefined): void {
    this.#log.info("following the cluster", { server, namespaces: namespaces ?? "all" });
  }

  reach(type: ClusterType, mode: ReachMode): void {
    this.#isPrivate.set(type.isPrivate ? 1 : 0);
    this.#log.info(type.isPrivate ? "the cluster is private" : "the cluster is public", {
      why: type.why,
      ...(type.endpoint && { endpoint: type.endpoint }),
    });
    if (mode === "tunnel" || type.endpoint !== undefined) return;
    this.#log.warn("there is no public endpoint: all goes through the tunnel", { mode });
  }

  /** The API server refused, was cut off or is away: seen by one of many watches. */
  watch(told: WatchTold): void {
    if (told.kind !== "lost") return;
    const now = this.#clock.now();
    if (this.#saidAt !== undefined && now - this.#saidAt < SAY_AGAIN_MS) return;
    this.#saidAt = now;
    const reason = told.error instanceof Error ? told.error.message : String(told.error);
    this.#log.warn("the API server is not heard: what is published stays", { reason });
  }

  /** What stands between a start and the first publication; said again while it does. */
  waiting(reason: string): void {
    this.#log.warn("nothing of the cluster is published yet", { reason });
  }
}
