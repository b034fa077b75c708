import type { Certificate, Counter, Family, Gauge, Log, Metrics } from "@warren/host";
import type { ErrorCode, WireError } from "@warren/wire";
import type { TunnelStats } from "@warren/tunnel";
import { ClusterMetrics } from "./metrics/cluster-metrics.ts";
import { loggable, pathOf } from "./metrics/loggable.ts";
import { TunnelMetrics } from "./metrics/tunnel-metrics.ts";

export interface EventsOptions {
  log: Log;
  metrics: Metrics;
  /** One line per request. Without it a request costs two counters. */
  requestLog: boolean;
  /** Clusters with series of their own; the rest is counted together. */
  mostClusters: number;
}

/**
 * A request that has its answer. Whoever handles it is one, so that nothing is built to report it;
 * what is only logged is read only when logs are on.
 */
export interface AnsweredRequest {
  /** Empty when no route was found. */
  readonly clusterUuid: string;
  readonly host: string;
  /** Request target as it came; its query is never logged. */
  readonly target: string;
  readonly method: string;
  readonly status: number;
  readonly requestId: string;
  /** Body bytes from the client and to it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Set when this gateway answered instead of the service. */
  readonly code: ErrorCode | undefined;
}

/** A tunnel as events name it. */
export interface EventTunnel {
  tunnelId: string;
  clusterUuid: string;
  cluster: string;
  agentId: string;
}

/** A connection to a cluster's own endpoint that came to nothing. */
export interface EndpointTrouble {
  host: string;
  address: string;
  error: WireError;
}

/** Routes of one message whose rejection is logged one by one. */
const MOST_REJECTED = 10;
/** Addresses that were warned of. */
const MOST_UNPROXIED = 100;

export type CredentialKind = "agent" | "peer" | "admin";
export type ClientProtocol = "http/1.1" | "h2" | "tcp";

/** Everything that the gateway tells: each event writes its log line and its metrics together. */
export class Events {
  readonly #log: Log;
  readonly #access: boolean;
  readonly #clusters: ClusterMetrics;
  readonly #tunnels: TunnelMetrics;
  readonly #rejected: Family<Counter>;
  readonly #credentials: Family<Counter>;
  readonly #connections: Family<Gauge>;
  readonly #unproxied = new Set<string>();
  readonly #certificates: Family<Gauge>;
  readonly #endpoints: Family<Counter>;
  readonly #registry: Gauge;
  readonly #fleet: Gauge;
  #isRegistryAway = false;

  constructor({ log, metrics, requestLog, mostClusters }: EventsOptions) {
    this.#log = log;
    this.#access = requestLog && log.enabled("info");
    this.#clusters = new ClusterMetrics(metrics, mostClusters);
    this.#tunnels = new TunnelMetrics(metrics, (clusterUuid) => this.#clusters.label(clusterUuid));
    this.#rejected = metrics.counter({
      name: "gateway_requests_rejected_total",
      help: "Requests that this gateway answered itself, by error code.",
      labels: ["code"],
    });
    this.#credentials = metrics.counter({
      name: "gateway_auth_failures_total",
      help: "Credentials refused, by whose they were: agent, peer (another gateway) or admin.",
      labels: ["kind"],
    });
    this.#connections = metrics.gauge({
      name: "gateway_connections",
      help: "Connections of clients open now.",
      labels: ["protocol"],
    });
    this.#certificates = metrics.gauge({
      name: "gateway_certificate_expires_timestamp_seconds",
      help: "When a TLS certificate expires.",
      labels: ["name"],
    });
    this.#endpoints = metrics.counter({
      name: "gateway_endpoint_failures_total",
      help: "Troubles with clusters' own endpoints: unreachable, or rebound (a name that now leads elsewhere).",
      labels: ["reason"],
    });
    const registry = {
      name: "gateway_registry_up",
      help: "0 while the registry is away.",
      labels: [],
    };
    this.#registry = metrics.gauge(registry).with();
    this.#registry.set(1);
    const fleet = {
      name: "gateway_fleet_size",
      help: "Gateways that this one counts, itself included: each grants its share of every limit.",
      labels: [],
    };
    this.#fleet = metrics.gauge(fleet).with();
    this.#fleet.set(1);
  }

  requestAnswered(request: AnsweredRequest, durationMs: number): void {
    const { code } = request;
    const cluster = this.#clusters.of(request.clusterUuid);
    cluster.answered(request.status).add();
    cluster.seconds.observe(durationMs / 1000);
    if (code !== undefined) this.#rejected.with(code).add();
    if (code === "rate_limited") cluster.limited.add();
    if (code === "unauthorized") cluster.passwords.add();
    if (this.#access) this.#requestLine(request, durationMs);
  }

  #requestLine(request: AnsweredRequest, durationMs: number): void {
    this.#log.info("Gateway proxy request", {
      cluster_uuid: request.clusterUuid,
      host: loggable(request.host),
      path: loggable(pathOf(request.target)),
      method: loggable(request.method),
      status: request.status,
      duration_ms: Math.round(durationMs * 1000) / 1000,
      request_id: loggable(request.requestId),
      bytes_in: request.bytesIn,
      bytes_out: request.bytesOut,
      code: request.code,
    });
  }

  /** A request whose head could not be read: there is nothing to name it by. */
  requestUnreadable(error: WireError, address: string): void {
    this.#clusters.of("").answered(error.http).add();
    this.#rejected.with(error.code).add();
    this.#log.debug("request unreadable", { address, code: error.code, reason: error.message });
  }

  /** The first time from an address as a warning: a balancer's settings, or an agent's, are wrong. */
  proxyHeaderMissing(address: string, reason: string): void {
    const fields = { address, reason };
    const text = "connection refused: a trusted address must send a PROXY header";
    if (this.#unproxied.has(address)) return this.#log.debug(text, fields);
    if (this.#unproxied.size < MOST_UNPROXIED) this.#unproxied.add(address);
    this.#log.warn(text, {
      ...fields,
      hint: "balancers send one, agents dial through them or the port of --agent-port",
    });
  }
  /** Said at the start: it shows only when an agent dials. */
  agentsNeedProxyHeader(): void {
    this.#log.warn("agents in --trusted-proxy need a PROXY header, or --agent-port", {
      hint: "with --proxy-protocol nobody in those ranges gets in without one",
    });
  }

  connectionOpened(protocol: ClientProtocol): void {
    this.#connections.with(protocol).add(1);
  }
  connectionClosed(protocol: ClientProtocol): void {
    this.#connections.with(protocol).add(-1);
  }

  /** A TCP or passthrough connection was joined to a cluster's service. */
  tcpOpened(clusterUuid: string): void {
    const { connections, connectionsOpen } = this.#clusters.of(clusterUuid);
    connections.add();
    connectionsOpen.add(1);
  }
  /** It was refused unread, and another cluster's service has it. */
  tcpMoved(from: string, to: string): void {
    if (from === to) return;
    this.#clusters.of(from).connectionsOpen.add(-1);
    this.tcpOpened(to);
  }
  tcpClosed(connection: {
    clusterUuid: string;
    route: string;
    address: string;
    bytesIn: number;
    bytesOut: number;
    durationMs: number;
    error: WireError | undefined;
  }): void {
    const { clusterUuid, route, address, bytesIn, bytesOut, durationMs, error } = connection;
    const cluster = this.#clusters.of(clusterUuid);
    cluster.connectionsOpen.add(-1);
    cluster.connectionBytesIn.add(bytesIn);
    cluster.connectionBytesOut.add(bytesOut);
    if (!this.#access) return;
    this.#log.info("tcp connection closed", {
      cluster_uuid: clusterUuid,
      route: loggable(route),
      address,
      bytes_in: bytesIn,
      bytes_out: bytesOut,
      duration_ms: Math.round(durationMs),
      code: error?.code,
    });
  }

  tunnelUp(tunnel: EventTunnel, resumed: boolean, stats: () => TunnelStats): void {
    if (!resumed) this.#tunnels.watch(tunnel.tunnelId, tunnel.clusterUuid, stats);
    this.#log.info(resumed ? "tunnel resumed" : "tunnel connected", fieldsOf(tunnel));
  }
  /** Lost its transport; its streams wait. */
  tunnelDown(tunnel: EventTunnel, reason: string): void {
    this.#log.info("tunnel disconnected", { ...fieldsOf(tunnel), reason: loggable(reason) });
  }
  tunnelGone(tunnel: EventTunnel, error: WireError): void {
    this.#tunnels.forget(tunnel.tunnelId);
    const fields = { ...fieldsOf(tunnel), code: error.code, reason: loggable(error.message) };
    if (error.code === "protocol_error") this.#log.warn("tunnel gone", { ...fields, error });
    else this.#log.info("tunnel gone", fields);
  }
  /** How many of a cluster's tunnels are connected here now. */
  clusterConnected(clusterUuid: string, tunnels: number): void {
    this.#clusters.of(clusterUuid).health.set(tunnels > 0 ? 1 : 0);
  }

  credentialRefused(kind: CredentialKind, address: string, error: WireError): void {
    this.#credentials.with(kind).add();
    this.#log.warn("credential refused", { kind, address, code: error.code, error: error.cause });
  }
  tokenRevoked(tokenId: string): void {
    this.#log.info("token revoked", { token_id: loggable(tokenId) });
  }

  routesPublished(clusterUuid: string, published: number): void {
    this.#clusters.of(clusterUuid).routes.set(published);
  }
  routesApplied(change: {
    clusterUuid: string;
    action: string;
    revision: number | undefined;
  }): void {
    const { clusterUuid, action, revision } = change;
    this.#log.debug("routes applied", { cluster_uuid: clusterUuid, action, revision });
  }
  /** One message's; a cluster that has everything refused does not fill the log. */
  routesRejected(
    clusterUuid: string,
    rejected: readonly { host: string; path: string; code: ErrorCode; message: string }[],
  ): void {
    for (const { host, path, code, message } of rejected.slice(0, MOST_REJECTED)) {
      const shown = { host: loggable(host), path: loggable(path), code, reason: loggable(message) };
      this.#log.warn("route rejected", { cluster_uuid: clusterUuid, ...shown });
    }
    const more = rejected.length - MOST_REJECTED;
    if (more > 0) this.#log.warn("more routes rejected", { cluster_uuid: clusterUuid, more });
  }

  /** Gateways came or went. */
  fleetChanged(gateways: number): void {
    this.#fleet.set(gateways);
    this.#log.info("gateways counted", { gateways });
  }

  /** Said with every failure; told when it is the first. */
  registryAway(error: unknown): void {
    if (this.#isRegistryAway) return this.#log.debug("registry still away", { error });
    this.#isRegistryAway = true;
    this.#registry.set(0);
    this.#log.error("registry away", { error });
  }
  /** It answers; told when it did not before. */
  registryBack(): void {
    if (!this.#isRegistryAway) return;
    this.#isRegistryAway = false;
    this.#registry.set(1);
    this.#log.info("registry back");
  }

  certificateLoaded(certificate: Certificate): void {
    const { name, hosts, expiresAt } = certificate;
    this.#certificates.with(name).set(expiresAt / 1000);
    this.#log.info("certificate loaded", {
      name,
      hosts,
      expires: new Date(expiresAt).toISOString(),
    });
  }
  certificateProblem(name: string, problem: string): void {
    this.#log.warn("certificate not usable", { name, reason: problem });
  }
  certificateRemoved(name: string): void {
    this.#certificates.remove(name);
    this.#log.info("certificate removed", { name });
  }
  /** It is looked for again: keys and certificates may be mounted late. */
  folderMissing(folder: string): void {
    this.#log.warn("folder is not there yet", { folder });
  }
  keyProblem(file: string, problem: string): void {
    this.#log.warn("key not usable", { file, reason: problem });
  }

  /** Nobody took a connection at a cluster's own endpoint: it is put aside for a while. */
  endpointUnreachable({ host, address, error }: EndpointTrouble): void {
    this.#endpoints.with("unreachable").add();
    this.#log.warn("endpoint unreachable", { host, address, code: error.code, error: error.cause });
  }
  /** Its name now leads to what is not dialled; what was pinned is dialled as before. */
  endpointRebound(host: string): void {
    this.#endpoints.with("rebound").add();
    this.#log.warn("endpoint's name leads to an address that is not public", { host });
  }

  /** A public port of tcp routes is open. */
  portListening(port: number): void {
    this.#log.info("public port open", { port });
  }
  /** It cannot be had; it is tried again. */
  portProblem(port: number, problem: string): void {
    this.#log.warn("public port not open", { port, reason: problem });
  }

  adminChanged(what: string, address: string): void {
    this.#log.info("changed by an administrator", { what: loggable(what), address });
  }
  drainBegan(deadlineMs: number): void {
    this.#log.info("draining", { deadline_ms: deadlineMs });
  }
  /** A bug: something threw where nothing should. */
  broke(where: string, error: unknown): void {
    this.#log.error("internal error", { where, error });
  }
}

function fieldsOf({
  tunnelId,
  clusterUuid,
  cluster,
  agentId,
}: EventTunnel): Record<string, string> {
  return {
    cluster_uuid: clusterUuid,
    cluster: loggable(cluster),
    agent_id: loggable(agentId),
    // The id is what a resume needs: enough of it to tell tunnels apart, too little to use.
    tunnel: tunnelId.slice(0, 6),
  };
}
