import type { Counter, Gauge, Log, Metrics } from "@warren/host";
import type { RegisterSuccess, WireError } from "@warren/wire";
import type { AnnouncerEvents } from "./announcer.ts";
import type { Rejection } from "./refused-routes.ts";

/** Who wants to know more than the log says. */
export interface Hearers {
  onPort: ((routeKey: string, port: number) => void) | undefined;
  onPublished: ((routes: number) => void) | undefined;
}

/** What an agent tells of its tunnels and routes: log line and metric together. */
export class ControlEvents implements AnnouncerEvents {
  readonly #log: Log;
  readonly #connected: Gauge;
  readonly #resumes: Counter;
  readonly #failures: (code: string) => Counter;
  readonly #rejected: (code: string) => Counter;
  readonly #routes: Gauge;
  readonly #heard: Hearers;

  constructor(log: Log, metrics: Metrics, heard: Hearers) {
    this.#log = log;
    this.#heard = heard;
    const tunnels = { name: "agent_tunnels_connected", help: "Tunnels connected now.", labels: [] };
    this.#connected = metrics.gauge(tunnels).with();
    const resumes = {
      name: "agent_tunnel_resumes_total",
      help: "Times that a tunnel went on over a new transport.",
      labels: [],
    };
    this.#resumes = metrics.counter(resumes).with();
    const failures = metrics.counter({
      name: "agent_dial_failures_total",
      help: "Dials and registrations that failed, by error code.",
      labels: ["code"],
    });
    this.#failures = (code) => failures.with(code);
    const rejected = metrics.counter({
      name: "agent_routes_rejected_total",
      help: "Routes that a gateway refused, by error code.",
      labels: ["code"],
    });
    this.#rejected = (code) => rejected.with(code);
    const routes = { name: "agent_routes", help: "Routes accepted by a gateway.", labels: [] };
    this.#routes = metrics.gauge(routes).with();
  }

  up(gateway: string, info: RegisterSuccess, resumed: boolean): void {
    this.#connected.add(1);
    if (resumed) this.#resumes.add();
    this.#log.info(resumed ? "tunnel resumed" : "tunnel connected", {
      gateway,
      cluster_uuid: info.cluster_uuid,
      cluster: info.name,
      ...(info.names.length > 0 && { names: info.names }),
    });
  }
  /** A bug: something threw where nothing should. */
  broke(error: unknown): void {
    this.#log.error("internal error", { where: "stream", error });
  }
  down(gateway: string, reason: string): void {
    this.#connected.add(-1);
    this.#log.warn("tunnel disconnected: streams wait for it", { gateway, reason });
  }
  gone(gateway: string, error: WireError): void {
    this.#log.info("tunnel ended", { gateway, code: error.code, reason: error.message });
  }
  retry(gateway: string, error: WireError, retryInMs: number): void {
    this.#failures(error.code).add();
    const fields = {
      gateway,
      code: error.code,
      reason: error.message,
      retry_in_ms: Math.round(retryInMs),
    };
    if (error.http === 401 || error.http === 403)
      this.#log.error("the gateway refuses this agent's token", fields);
    else this.#log.warn("no tunnel to the gateway: trying again", fields);
  }
  refused(gateway: string, code: string, reason: string): void {
    this.#log.warn("the gateway refused a message", { gateway, code, reason });
  }
  replaced(gateway: string): void {
    this.#log.error("another process runs with this agent id: this one stops", { gateway });
  }

  rejected({ host, path, code, message }: Rejection, isNamed: boolean): void {
    this.#rejected(code).add();
    this.#log[isNamed ? "warn" : "debug"]("route rejected", { host, path, code, reason: message });
  }
  published(routes: number): void {
    this.#routes.set(routes);
    this.#log.info("routes published", { routes });
    this.#heard.onPublished?.(routes);
  }
  certificateRejected(name: string, code: string, reason: string | undefined): void {
    this.#log.warn("certificate rejected", { name, code, reason });
  }
  unanswered(revision: number): void {
    this.#log.warn("the gateway did not answer the routes in time: saying them again", {
      revision,
    });
  }
  standsIn(routes: number, revision: number): void {
    this.#log.info("telling a gateway what it has not heard from the agent that leads", {
      routes,
      revision,
    });
  }
  port(routeKey: string, port: number): void {
    this.#heard.onPort?.(routeKey, port);
  }
}
