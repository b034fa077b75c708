import type { Log } from "./log.ts";
import type { Counter, Family, Gauge, Histogram, Metrics } from "./metrics.ts";
import { BREAKER_STATES, type BreakerState } from "./guard-breaker.ts";
import type { FailureKind } from "./guard-classify.ts";

export type AttemptOutcome = "ok" | FailureKind | "timeout" | "aborted";

/** The series of all guarded calls; declared once for a process. */
export class GuardMetrics {
  readonly state: Family<Gauge>;
  readonly transitions: Family<Counter>;
  readonly attempts: Family<Counter>;
  readonly seconds: Family<Histogram>;
  readonly retries: Family<Counter>;
  readonly rejected: Family<Counter>;

  constructor(metrics: Metrics) {
    const counter = (name: string, help: string, labels: string[]) =>
      metrics.counter({ name, help, labels });
    this.state = metrics.gauge({
      name: "dependency_breaker_state",
      help: "Breaker of a dependency: 0 closed, 1 open, 2 half-open.",
      labels: ["dependency"],
    });
    this.transitions = counter(
      "dependency_breaker_transitions_total",
      "Changes of a breaker, by the state it came to.",
      ["dependency", "state"],
    );
    this.attempts = counter(
      "dependency_attempts_total",
      "Attempts to call a dependency, by how they ended.",
      ["dependency", "operation", "outcome"],
    );
    this.seconds = metrics.histogram({
      name: "dependency_attempt_seconds",
      help: "How long attempts took, whatever their end.",
      labels: ["dependency", "operation"],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    });
    this.retries = counter("dependency_retries_total", "Attempts after the first of a call.", [
      "dependency",
      "operation",
    ]);
    this.rejected = counter(
      "dependency_rejected_total",
      "Calls that an open breaker answered without asking the dependency.",
      ["dependency", "operation"],
    );
  }
}

/** What one guard tells. Errors are the caller's to log: they may quote addresses and texts. */
export class GuardEvents {
  readonly #dependency: string;
  readonly #metrics: GuardMetrics;
  readonly #log: Log;

  constructor(dependency: string, metrics: GuardMetrics, log: Log) {
    this.#dependency = dependency;
    this.#metrics = metrics;
    this.#log = log.with({ dependency });
    metrics.state.with(dependency).set(0);
  }

  became(state: BreakerState, failures: number, openMs: number): void {
    this.#metrics.state.with(this.#dependency).set(BREAKER_STATES.indexOf(state));
    this.#metrics.transitions.with(this.#dependency, state).add();
    if (state === "open") {
      const fields = { failures, retry_in_ms: openMs };
      this.#log.warn("dependency fails: it is not called for a while", fields);
    } else if (state === "half-open") this.#log.debug("dependency is tried again");
    else this.#log.info("dependency is back");
  }

  attempted(operation: string, outcome: AttemptOutcome, tookMs: number): void {
    this.#metrics.attempts.with(this.#dependency, operation, outcome).add();
    this.#metrics.seconds.with(this.#dependency, operation).observe(tookMs / 1000);
  }
  retried(operation: string): void {
    this.#metrics.retries.with(this.#dependency, operation).add();
  }
  rejected(operation: string): void {
    this.#metrics.rejected.with(this.#dependency, operation).add();
  }
}
