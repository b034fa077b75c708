import type { Counter, Gauge, Log, Metrics } from "@warren/host";
import { CODES, KIND, type ErrorCode, type Kind } from "@warren/wire";
import { CONNECT_FAILURES, type ConnectFailure } from "./upstream/failures.ts";
import type { Target } from "./target.ts";

const KIND_NAMES: Readonly<Record<Kind, string>> = {
  [KIND.http]: "http",
  [KIND.upgrade]: "upgrade",
  [KIND.tcp]: "tcp",
};

/** What pools say of themselves when somebody asks. */
export interface PoolCounts {
  idle: number;
  active: number;
}

/** Everything that the agent's data path tells: one function per event, log line and counter together. */
export class AgentEvents {
  readonly #log: Log;
  readonly #opened: readonly Counter[];
  readonly #open: readonly Gauge[];
  readonly #failed: (code: ErrorCode) => Counter;
  readonly #toService: Counter;
  readonly #fromService: Counter;
  readonly #connects: Counter;
  readonly #connectFailures: Readonly<Record<ConnectFailure, Counter>>;
  readonly #retries: Counter;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    const counter = (name: string, help: string, labels: string[] = []) =>
      metrics.counter({ name, help, labels });
    const streams = counter("agent_streams_total", "Streams that gateways opened.", ["kind"]);
    const open = metrics.gauge({
      name: "agent_streams",
      help: "Streams open now.",
      labels: ["kind"],
    });
    const kinds = [KIND.http, KIND.upgrade, KIND.tcp];
    // By kind, which counts from 1.
    this.#opened = ["http", ...kinds.map((kind) => KIND_NAMES[kind])].map((k) => streams.with(k));
    this.#open = ["http", ...kinds.map((kind) => KIND_NAMES[kind])].map((k) => open.with(k));
    const failures = counter("agent_stream_failures_total", "Streams the agent failed.", ["code"]);
    this.#failed = (code) => failures.with(code);
    const bytes = counter("agent_bytes_total", "Body and connection bytes.", ["direction"]);
    this.#toService = bytes.with("to_service");
    this.#fromService = bytes.with("from_service");
    this.#connects = counter("agent_service_connects_total", "Connections to services.").with();
    const refused = counter(
      "agent_service_connect_failures_total",
      "Connects to services that failed.",
      ["reason"],
    );
    this.#connectFailures = Object.fromEntries(
      CONNECT_FAILURES.map((reason) => [reason, refused.with(reason)]),
    ) as Record<ConnectFailure, Counter>;
    this.#retries = counter(
      "agent_service_retries_total",
      "Requests sent again because their pooled connection had died.",
    ).with();
  }

  /** Gauges that are read when somebody looks. */
  observe(metrics: Metrics, pools: () => PoolCounts): void {
    const connections = metrics.gauge({
      name: "agent_service_connections",
      help: "Connections to services.",
      labels: ["state"],
    });
    metrics.onCollect(() => {
      const { idle, active } = pools();
      connections.with("idle").set(idle);
      connections.with("active").set(active);
    });
  }

  opened(kind: Kind): void {
    this.#opened[kind]!.add();
    this.#open[kind]!.add(1);
  }

  ended(kind: Kind): void {
    this.#open[kind]!.add(-1);
  }

  /** The agent or its service failed a stream; logged where the cause is known. */
  failed(
    kind: Kind,
    routeKey: string,
    error: { code: ErrorCode; message: string; cause?: unknown },
  ): void {
    this.#failed(error.code).add();
    const level = CODES[error.code].http >= 502 && error.code !== "draining" ? "warn" : "debug";
    if (!this.#log.enabled(level)) return;
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    this.#log[level]("stream failed", {
      kind: KIND_NAMES[kind],
      route: routeKey,
      code: error.code,
      reason: error.message,
      cause,
    });
  }

  toService(bytes: number): void {
    this.#toService.add(bytes);
  }
  fromService(bytes: number): void {
    this.#fromService.add(bytes);
  }
  connected(): void {
    this.#connects.add();
  }
  connectFailed(target: Target, reason: ConnectFailure, cause: unknown): void {
    this.#connectFailures[reason].add();
    this.#log.debug("service connect failed", {
      service: `${target.host}:${target.port}`,
      reason,
      cause: cause instanceof Error ? cause.message : undefined,
    });
  }
  retried(): void {
    this.#retries.add();
  }
  /** A bug: something threw where nothing should. */
  broke(error: unknown): void {
    this.#log.error("internal error", { where: "service connection", error });
  }

  draining(streams: number, deadlineMs: number): void {
    this.#log.info("draining", { streams, deadline_ms: deadlineMs });
  }
  drained(cut: number): void {
    this.#log.info("drained", { cut });
  }
}
