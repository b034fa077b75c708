import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAgent, type ConfiguredRoute } from "@warren/agent";
import { createToken, openSigningKey, startGateway, type RunningGateway } from "@warren/gateway";
import { promMetrics, systemClock, type Clock } from "@warren/host";
import { recordingLog, silentLog, type IssuedCertificate } from "@warren/host/testing";
import type { Rate, TokenClaims } from "@warren/wire";
import { endpointUpstreams } from "../../src/direct/endpoint-upstreams.ts";
import { agentConfig, anyTls, gatewayConfig } from "./configs.ts";

export interface JoinedOptions {
  routes: readonly ConfiguredRoute[];
  gateway?: Parameters<typeof gatewayConfig>[1];
  /** Certificates of the TLS listener by file name; without any there is no such listener. */
  certificates?: Readonly<Record<string, IssuedCertificate>>;
  tls?: { port?: number; redirect?: boolean; redirectPort?: number; hstsSeconds?: number };
  /** Limits that the token carries. */
  rates?: { rate?: Rate; client_rate?: Rate };
  /** Ports of the cluster's endpoint that the token lists. */
  directPorts?: number[];
  /** Where the agent dials instead of the gateway, given its port. */
  via?: (gatewayPort: number) => Promise<{ port: number }>;
  /** What both go by; the system's unless it is a test's. */
  clock?: Clock;
  /** Hosts that the token covers; all unless said. */
  hosts?: readonly string[];
  /** CA file's text for TLS services. */
  serviceCa?: string;
}

/** A gateway and an agent in this process, joined by a real tunnel, whose routes are in force. */
export class Joined implements AsyncDisposable {
  readonly log = recordingLog();
  /** The gateway's, and the agent's. */
  readonly metrics = promMetrics();
  readonly agentMetrics = promMetrics();
  readonly #publicPort = Promise.withResolvers<number>();
  readonly folder: string;
  readonly certificatesFolder: string;
  readonly #owned = new AsyncDisposableStack();
  #gateway!: RunningGateway;

  private constructor() {
    const folder = this.#owned.adopt(
      mkdtempDisposableSync(join(tmpdir(), "warren-traffic-")),
      (f) => f.remove(),
    );
    this.folder = folder.path;
    this.certificatesFolder = join(this.folder, "certificates");
    mkdirSync(this.certificatesFolder);
  }

  get adminPort(): number {
    return this.#gateway.ports.admin;
  }
  get port(): number {
    return this.#gateway.ports.http;
  }
  get adminUrl(): string {
    return this.#gateway.adminUrl;
  }
  get tlsPort(): number {
    return this.#gateway.ports.tls!;
  }

  /** Where agents are let in. */
  get agentsPort(): number {
    return this.#gateway.ports.agents ?? this.port;
  }

  /** The first port that the gateway gave a tcp route, as the agent hears it. */
  get publicPort(): Promise<number> {
    return this.#publicPort.promise;
  }

  static async start(options: JoinedOptions): Promise<Joined> {
    const joined = new Joined();
    await joined.#start(options).catch(async (error: unknown) => {
      await joined[Symbol.asyncDispose]();
      throw error;
    });
    return joined;
  }

  writeCertificate(name: string, { cert, key }: IssuedCertificate): void {
    writeFileSync(join(this.certificatesFolder, `${name}.key`), key);
    writeFileSync(join(this.certificatesFolder, `${name}.crt`), cert);
  }

  async #start(options: JoinedOptions) {
    const { routes, gateway, certificates, tls, rates, via, serviceCa } = options;
    const { clock = systemClock } = options;
    const { signal } = new AbortController();
    const claims = { ...rates, direct_ports: options.directPorts ?? [] };
    const token = await this.token(options.hosts ?? ["*"], claims);
    for (const [name, issued] of Object.entries(certificates ?? {}))
      this.writeCertificate(name, issued);
    const listener = { ...anyTls(this.certificatesFolder), ...tls };
    const config = {
      ...gatewayConfig(this.folder, gateway),
      ...(certificates === undefined ? {} : { tls: listener }),
      requestLog: true,
    };
    const sockets = new Map<string, number>();
    const upstreams = endpointUpstreams;
    const deps = { log: this.log, metrics: this.metrics, clock, sockets, upstreams };
    this.#gateway = this.#owned.use(await startGateway(config, deps, signal));
    const gatewayPort = (await via?.(this.agentsPort))?.port ?? this.agentsPort;
    const settings = { id: "agent", token, gatewayPort, routes };
    const agent = agentConfig(settings);
    if (serviceCa !== undefined) {
      agent.upstream.caFile = join(this.folder, "service-ca.pem");
      writeFileSync(agent.upstream.caFile, serviceCa);
    }
    const onPort = (_route: string, port: number) => this.#publicPort.resolve(port);
    const heard = { version: "0", onRequest: undefined, onPort, onPublished: undefined };
    const agentDeps = { log: silentLog(), metrics: this.agentMetrics, clock, ...heard };
    this.#owned.use(await startAgent(agent, agentDeps, signal));
    await this.log.line(({ msg }) => msg === "routes applied");
  }

  /** A token of a cluster of its own for hosts at this gateway. */
  async token(hosts: readonly string[], claims: Partial<TokenClaims> = {}): Promise<string> {
    const key = await openSigningKey({
      privateFile: join(this.folder, "signing.pem"),
      publicFolder: join(this.folder, "keys"),
    });
    const iat = Math.floor(Date.now() / 1_000);
    const who = { jti: randomUUID(), sub: randomUUID(), cluster: "home", group: "home" };
    return createToken(key, { ...who, hosts: [...hosts], tcp: true, iat, ...claims });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}
