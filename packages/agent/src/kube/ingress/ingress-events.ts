import type { Counter, Gauge, Log, Metrics } from "@warren/host";
import type { Problem } from "../cluster-view.ts";
import type { ProblemLines } from "../problem-lines.ts";

/** How many Ingresses there are, for gauges that are read when somebody looks. */
export interface IngressCounts {
  /** Chosen to be published. */
  selected: number;
  /** Routes of theirs in the table. */
  routes: number;
  /** Places that are shut. */
  shut: number;
  /** With something to say about: refused in whole or in part, or read otherwise than meant. */
  troubled: number;
}

/** Everything that the agent's Ingresses tell: one function per event, log line and counter together. */
export class IngressEvents {
  readonly #log: Log;
  readonly #lines: ProblemLines;
  readonly #changes: Counter;
  readonly #failures: Counter;
  readonly #problems: (reason: string) => Counter;
  readonly #status: (outcome: string) => Counter;
  readonly #syncSeconds: Gauge;
  readonly #lag: { observe(seconds: number): void };

  constructor(log: Log, metrics: Metrics, lines: ProblemLines) {
    this.#log = log;
    this.#lines = lines;
    const counter = (name: string, help: string, labels: string[] = []) =>
      metrics.counter({ name, help, labels });
    this.#changes = counter(
      "agent_kube_ingress_changes_total",
      "Ingresses translated, because they or what they lead to changed.",
    ).with();
    this.#failures = counter(
      "agent_kube_ingress_failures_total",
      "Translations that failed and are tried again: a bug.",
    ).with();
    const problems = counter(
      "agent_kube_ingress_problems_total",
      "What there was to say about Ingresses, each time it was new.",
      ["reason"],
    );
    this.#problems = (reason) => problems.with(reason);
    const status = counter(
      "agent_kube_ingress_status_writes_total",
      "Writes of Ingresses' status.",
      ["outcome"],
    );
    this.#status = (outcome) => status.with(outcome);
    this.#syncSeconds = metrics
      .gauge({
        name: "agent_kube_ingress_sync_seconds",
        help: "From the start to the first publication of all Ingresses.",
        labels: [],
      })
      .with();
    this.#lag = metrics
      .histogram({
        name: "agent_kube_ingress_lag_seconds",
        help: "From hearing of a change to publishing what follows from it.",
        labels: [],
        buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
      })
      .with();
  }

  /** Gauges that are read when somebody looks. */
  observe(metrics: Metrics, counts: () => IngressCounts): void {
    const ingresses = metrics.gauge({
      name: "agent_kube_ingresses",
      help: "Ingresses: selected to be published, and of these with a problem.",
      labels: ["state"],
    });
    const routes = metrics
      .gauge({ name: "agent_kube_ingress_routes", help: "Routes of Ingresses.", labels: [] })
      .with();
    const shutPlaces = metrics
      .gauge({
        name: "agent_kube_ingress_shut_places",
        help: "Places of Ingresses that are not published and would be reached through their controller.",
        labels: [],
      })
      .with();
    metrics.onCollect(() => {
      const { selected, routes: published, shut, troubled } = counts();
      ingresses.with("selected").set(selected);
      ingresses.with("troubled").set(troubled);
      routes.set(published);
      shutPlaces.set(shut);
    });
  }

  /** Everything that there was at the start is published. */
  synced(ingresses: number, routes: number, tookMs: number): void {
    this.#syncSeconds.set(tookMs / 1_000);
    this.#log.info("ingresses published", { ingresses, routes, took_ms: Math.round(tookMs) });
  }

  translated(count: number, lagMs: number): void {
    this.#changes.add(count);
    this.#lag.observe(lagMs / 1_000);
  }

  /** Each once, until the Ingress changes: not one per translation. */
  problem(ingress: string, { reason, message }: Problem): void {
    this.#problems(reason).add();
    this.#lines.warn(ingress, "ingress has a problem", { ingress, reason, message });
  }

  failed(ingress: string, error: unknown, retryInMs: number): void {
    this.#failures.add();
    this.#log.error("ingress not translated", { ingress, error, retry_in_ms: retryInMs });
  }

  statusWritten(ingress: string): void {
    this.#status("written").add();
    this.#log.debug("ingress status written", { ingress });
  }

  statusForbidden(error: unknown): void {
    this.#status("forbidden").add();
    this.#log.warn(
      "status of ingresses may not be written: the role lacks patch on ingresses/status",
      {
        error,
      },
    );
  }

  statusFailed(ingress: string, error: unknown, retryInMs: number): void {
    this.#status("failed").add();
    this.#log.warn("ingress status not written", { ingress, error, retry_in_ms: retryInMs });
  }
}
