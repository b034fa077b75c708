import type { Counter, Log, Metrics } from "@warren/host";
import type { ProblemLines } from "../problem-lines.ts";
import type { RouteKind } from "./objects.ts";

/** For gauges that are read when somebody looks. */
export interface GatewayApiCounts {
  readonly objects: Readonly<Record<"Gateway" | RouteKind, number>>;
  /** Routes of theirs in the table. */
  readonly routes: number;
}

/** Everything that Gateway API objects tell: one function per event, log line and counter together. */
export class GatewayApiEvents {
  readonly #log: Log;
  readonly #lines: ProblemLines;
  readonly #refused: (reason: string) => Counter;
  readonly #written: Counter;
  readonly #failed: Counter;
  readonly #failures: Counter;

  constructor(log: Log, metrics: Metrics, lines: ProblemLines) {
    this.#log = log;
    this.#lines = lines;
    const refused = metrics.counter({
      name: "agent_kube_gateway_api_refused_total",
      help: "Gateway API routes that are not served as they ask, each time that is news.",
      labels: ["reason"],
    });
    this.#refused = (reason) => refused.with(reason);
    const writes = metrics.counter({
      name: "agent_kube_gateway_api_status_writes_total",
      help: "Writes of Gateway API objects' status.",
      labels: ["outcome"],
    });
    this.#written = writes.with("written");
    this.#failed = writes.with("failed");
    this.#failures = metrics
      .counter({
        name: "agent_kube_gateway_api_failures_total",
        help: "Gateway API objects that could not be translated and are tried again: a bug.",
        labels: [],
      })
      .with();
  }

  observe(metrics: Metrics, counts: () => GatewayApiCounts): void {
    const objects = metrics.gauge({
      name: "agent_kube_gateway_api_objects",
      help: "Gateways of Warren's classes, and routes of all.",
      labels: ["kind"],
    });
    const routes = metrics
      .gauge({
        name: "agent_kube_gateway_api_routes",
        help: "Routes published for Gateway API objects.",
        labels: [],
      })
      .with();
    metrics.onCollect(() => {
      const now = counts();
      for (const [kind, count] of Object.entries(now.objects)) objects.with(kind).set(count);
      routes.set(now.routes);
    });
  }

  /** Everything that there was at the start is published. */
  synced(gateways: number, routes: number, tookMs: number): void {
    this.#log.info("gateway api published", { gateways, routes, took_ms: Math.round(tookMs) });
  }

  /** Each once, until the route changes. */
  refused(route: string, reason: string, message: string): void {
    this.#refused(reason).add();
    this.#lines.warn(route, "route has a problem", { route, reason, message });
  }

  failed(object: string, error: unknown, retryInMs: number): void {
    this.#failures.add();
    this.#log.error("gateway api object not translated", {
      object,
      error,
      retry_in_ms: retryInMs,
    });
  }

  written(object: string): void {
    this.#written.add();
    this.#log.debug("status written", { object });
  }

  writeFailed(object: string, error: unknown, retryInMs: number): void {
    this.#failed.add();
    this.#log.warn("status not written", { object, error, retry_in_ms: retryInMs });
  }

  writeForbidden(resource: string, error: unknown): void {
    this.#failed.add();
    this.#log.warn("no status of this resource is written: the agent's role does not allow it", {
      resource: `${resource}/status`,
      error,
    });
  }

  versionUnknown(error: unknown): void {
    this.#log.info("the release of gateway api's crds is not known", { error });
  }
}
