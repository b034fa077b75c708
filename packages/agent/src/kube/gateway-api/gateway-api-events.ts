import type { Counter, Log, Metrics } from "@warren/host";
import type { KubeMetrics } from "../kube-metrics.ts";

/** Everything that this source tells: the log line and the counter together. */
export class GatewayApiEvents {
  readonly #log: Log;
  readonly #kube: KubeMetrics;
  readonly #writes: Counter;
  readonly #failures: Counter;

  constructor(log: Log, metrics: Metrics, kube: KubeMetrics) {
    this.#log = log;
    this.#kube = kube;
    const writes = metrics.counter({
      name: "agent_gateway_api_status_writes_total",
      help: "Writes of a Gateway API object's status.",
      labels: ["outcome"],
    });
    this.#writes = writes.with("written");
    this.#failures = writes.with("failed");
  }

  counts(objects: Readonly<Record<string, number>>, published: number): void {
    for (const [kind, count] of Object.entries(objects)) this.#kube.objects.with(kind).set(count);
    this.#kube.published.with("kube:gateway-api").set(published);
  }

  synced(objects: Readonly<Record<string, number>>): void {
    this.#log.info("Gateway API objects are read", objects);
  }

  /** A route is not served as it asks, for a new reason. */
  refused(route: string, reason: string, message: string): void {
    this.#kube.refused.with(reason).add();
    this.#log.info("a route is not published as it asks", { route, reason, why: message });
  }

  written(): void {
    this.#writes.add();
  }

  writeFailed(key: string, error: unknown, retryInMs: number): void {
    this.#failures.add();
    const cause = error instanceof Error ? error.message : String(error);
    this.#log.warn("a status was not written", { object: key, cause, retry_in_ms: retryInMs });
  }

  unreadVersion(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    this.#log.info("the version of Gateway API's CRDs is not known", { cause });
  }
}
