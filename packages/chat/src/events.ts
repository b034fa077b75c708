import type { Certificate, Counter, Family, Gauge, Histogram, Log, Metrics } from "@warren/host";
import type { ChatError } from "@warren/wire";
import type { ApiEvents } from "./api/api-events.ts";
import type { TlsEvents } from "./chat-server.ts";
import type { ConnectionEvents } from "./connections/connection-deps.ts";
import type { DoorEvents } from "./connections/door.ts";
import type { LegacyEvents } from "./legacy/legacy-import.ts";
import type { TimedOperation } from "./store/mongo/mongo-sessions.ts";
import { isAway } from "./store/is-away.ts";

const DURATIONS = [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400];
const REQUESTS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What the chat tells: each event writes its log line and its metrics together. */
export class ChatEvents
  implements ConnectionEvents, DoorEvents, ApiEvents, LegacyEvents, TlsEvents
{
  readonly #log: Log;
  readonly #connections: readonly Gauge[];
  readonly #received: Counter;
  readonly #sent: Counter;
  readonly #errors: Counter;
  readonly #slow: Counter;
  readonly #opened: Counter;
  readonly #ended: Counter;
  readonly #takeovers: Counter;
  readonly #dropped: Counter;
  readonly #active: Gauge;
  readonly #metrics: Metrics;
  readonly #openFor: Histogram;
  readonly #resumes: (mode: string) => Counter;
  readonly #certificate: Family<Gauge>;
  readonly #blocked: (limiter: string) => Counter;
  readonly #mongo: (operation: TimedOperation) => Histogram;
  readonly #requests: (endpoint: string, method: string) => Histogram;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#metrics = metrics;
    const counter = (name: string, help: string) =>
      metrics.counter({ name, help, labels: [] }).with();
    const gauge = (name: string, help: string) => metrics.gauge({ name, help, labels: [] }).with();
    const open = "Sockets that are open on this instance.";
    this.#connections = ["chatbox_websocket_connections_total", "websocket_connections_total"].map(
      (name) => gauge(name, open),
    );
    this.#received = counter("chatbox_messages_received_total", "Frames that clients sent.");
    this.#sent = counter("chatbox_messages_sent_total", "Frames that were sent to clients.");
    this.#errors = counter("chatbox_message_errors_total", "Frames that were refused.");
    this.#slow = counter(
      "chatbox_slow_consumers_total",
      "Sockets that were closed since they did not read.",
    );
    this.#opened = counter("chatbox_sessions_created_total", "Sessions that began here.");
    this.#ended = counter("chatbox_sessions_ended_total", "Sessions that were ended here.");
    this.#takeovers = counter("chatbox_admin_takeovers_total", "Sessions that an admin took here.");
    this.#dropped = counter(
      "chatbox_admin_messages_dropped_total",
      "Frames for admins that were not sent since they did not read: a resume brings them.",
    );
    this.#active = gauge(
      "chatbox_active_sessions_total",
      "Sessions that somebody follows on this instance.",
    );
    this.#openFor = metrics.histogram(OPEN_FOR).with();
    this.#resumes = counted(metrics, "mode", {
      name: "chatbox_resumes_total",
      help: "Sessions that clients resumed: with what they lacked, or with the newest.",
    });
    const expires = "When the TLS certificate expires.";
    const certificate = "chatbox_certificate_expires_timestamp_seconds";
    this.#certificate = metrics.gauge({ name: certificate, help: expires, labels: [] });
    this.#blocked = counted(metrics, "limiter", {
      name: "chatbox_ratelimit_blocked_total",
      help: "What a limit refused, by limiter.",
    });
    const requests = metrics.histogram({
      name: "chatbox_http_request_duration_seconds",
      help: "HTTP requests by route and method.",
      labels: ["endpoint", "method"],
      buckets: REQUESTS,
    });
    const mongo = metrics.histogram({
      name: "chatbox_mongodb_operation_seconds",
      help: "Operations on sessions in MongoDB, with their retries.",
      labels: ["operation"],
      buckets: REQUESTS,
    });
    this.#mongo = (operation) => mongo.with(operation);
    this.#requests = (endpoint, method) => requests.with(endpoint, method);
  }

  started(fields: { port: number; host: string; store: string; models: number }): void {
    this.#log.info("chat is ready", fields);
  }
  certificateLoaded({ name, hosts, expiresAt }: Certificate): void {
    this.#certificate.with().set(expiresAt / 1_000);
    const expires = new Date(expiresAt).toISOString();
    this.#log.info("certificate loaded", { name, hosts: hosts.join(" "), expires_at: expires });
  }
  /** The one before it goes on to answer. */
  certificateProblem(name: string, problem: string): void {
    this.#log.warn("certificate not usable", { name, reason: problem });
  }
  corsConfigured(origins: readonly string[]): void {
    this.#log.info("CORS middleware configured", { origins });
  }
  restored(epoch: number): void {
    this.#log.warn("the chat's database is older than its mark: it numbers under a new epoch", {
      epoch,
    });
  }
  legacyBegun(): void {
    this.#log.info("sessions of the service before are being brought over");
  }
  legacyDone(counts: { brought: number; failed: number }): void {
    this.#log.info("sessions of the service before were brought over", counts);
  }
  legacyFailed(session: string, error: unknown): void {
    this.#log.error("a session of the service before could not be brought over", {
      session,
      error,
    });
  }
  warned(warning: string): void {
    this.#log.warn(warning);
  }
  stopping(open: number, runs: number): void {
    this.#log.info("chat is draining", { connections: open, runs });
  }
  /** Something went wrong that no client is told of. */
  broke(what: string, cause: unknown): void {
    if (isAway(cause)) this.#log.debug(what, { error: cause });
    else this.#log.error(what, { error: cause });
  }
  /** Where the number of sessions is had that somebody follows here: counted, it would drift. */
  countSessions(count: () => number): void {
    this.#metrics.onCollect(() => this.#active.set(count()));
  }
  sessionOpened(): void {
    this.#opened.add();
  }
  sessionEnded(): void {
    this.#ended.add();
  }
  sessionTaken(): void {
    this.#takeovers.add();
  }

  mongoTook(operation: TimedOperation, ms: number): void {
    this.#mongo(operation).observe(ms / 1_000);
  }

  opened(): void {
    for (const gauge of this.#connections) gauge.add(1);
  }
  closed(openMs: number): void {
    for (const gauge of this.#connections) gauge.add(-1);
    this.#openFor.observe(openMs / 1_000);
  }
  received(): void {
    this.#received.add();
  }
  sent(frames: number): void {
    this.#sent.add(frames);
  }
  resumed(mode: "delta" | "snapshot"): void {
    this.#resumes(mode).add();
  }
  slowConsumer(): void {
    this.#slow.add();
    this.#log.info("a client did not read and was cut off: it may come back");
  }
  adminMessageDropped(): void {
    this.#dropped.add();
  }
  refused(error: ChatError): void {
    this.#errors.add();
    if (error.code === "TOO_MANY_REQUESTS") this.#blocked("message").add();
    if (error.code === "CONNECTION_LIMIT_EXCEEDED") this.#blocked("connection").add();
    this.#unexpected(error);
  }
  answered({ endpoint, method, ms, status, path }: Parameters<ApiEvents["answered"]>[0]): void {
    this.#requests(endpoint, method).observe(ms / 1_000);
    this.#log.debug("request", { method, path, status, duration_ms: Math.round(ms) });
  }
  failed(error: ChatError): void {
    this.#unexpected(error);
  }
  limited(limiter: string): void {
    this.#blocked(limiter).add();
  }

  /** What a client did wrong is its own to read; what is wrong here is the operator's. */
  #unexpected(error: ChatError): void {
    // A refusal without a cause is one that whoever asked can read whole: there is nothing to mend here.
    if (error.http < 500 || (error.retry && error.cause === undefined)) return;
    const fields = { code: error.code, error: error.cause ?? error };
    if (error.code === "INTERNAL_ERROR") this.#log.error("a request failed", fields);
    else this.#log.warn("a request failed", fields);
  }
}

const OPEN_FOR = {
  name: "chatbox_websocket_connection_duration_seconds",
  help: "How long sockets were open.",
  labels: [],
  buckets: DURATIONS,
};

/** Counters of one name, by the value of their only label. */
function counted(
  metrics: Metrics,
  label: string,
  named: { name: string; help: string },
): (value: string) => Counter {
  const family = metrics.counter({ ...named, labels: [label] });
  return (value) => family.with(value);
}
