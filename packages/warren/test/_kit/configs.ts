import type { AgentConfig, ConfiguredRoute } from "@warren/agent";
import type { GatewayConfig } from "@warren/gateway";

type Parts<T> = { [K in keyof T]?: T[K] extends object ? Partial<T[K]> : T[K] };

/** A gateway on free ports of 127.0.0.1 with everything at its default that `warren` also sets. */
export function gatewayConfig(
  folder: string,
  {
    timeouts,
    tunnels,
    drain,
    http,
    admin,
    quotas,
    waiting,
    passwords,
    ...rest
  }: Parts<GatewayConfig> = {},
): GatewayConfig {
  return {
    id: "gateway",
    dataFolder: folder,
    http: { host: "127.0.0.1", port: 0, ...http },
    tls: undefined,
    acme: undefined,
    sharedKeyFile: undefined,
    domain: undefined,
    domainProof: undefined,
    dnsServers: [],
    admin: { host: "127.0.0.1", port: 0, ...admin },
    agents: undefined,
    peers: undefined,
    advertise: "",
    tcpPorts: undefined,
    registry: { kind: "memory" },
    keysFolder: `${folder}/keys`,
    trustedProxies: [],
    acceptProxyProtocol: false,
    timeouts: { headMs: 30_000, slowMs: 30_000, flapMs: 5_000, ...timeouts },
    tunnels: {
      detectMs: 30_000,
      resumeMs: 60_000,
      heartbeatMs: 30_000,
      poolBytes: 16 * 1_048_576,
      gatewayPoolBytes: 256 * 1_048_576,
      streams: 10_000,
      ...tunnels,
    },
    quotas: {
      clusterRoutes: 10_000,
      clusterBytes: 16 * 1_048_576,
      routeBytes: 32_768,
      groupClaims: 10_000,
      groupPorts: 50,
      ...quotas,
    },
    agentMessageBytes: 16 * 1_048_576,
    waiting: { most: 10_000, perCluster: 2_500, ...waiting },
    passwords: { atOnce: 2, waiting: 64, perSecond: 1, burst: 30, ...passwords },
    drain: { delayMs: 0, deadlineMs: 5_000, ...drain },
    requestLog: false,
    healthPath: "/health",
    direct: undefined,
    rollout: { percent: 100, clusters: [], fallback: undefined },
    ...(rest as Partial<GatewayConfig>),
  };
}

/** A TLS listener on a free port, with the certificates of a folder. */
export function anyTls(certificatesFolder: string): NonNullable<GatewayConfig["tls"]> {
  return {
    host: "127.0.0.1",
    port: 0,
    certificatesFolder,
    redirect: false,
    redirectPort: undefined,
    hstsSeconds: 0,
  };
}

/** What crosses a process boundary of an agent's configuration. */
export interface AgentSettings {
  id: string;
  token: string;
  /** Port of 127.0.0.1 where the gateway is dialled. */
  gatewayPort: number;
  routes: readonly ConfiguredRoute[];
  detectMs?: number;
  poolBytes?: number;
  /** It has a listener of its own, on a free port. */
  admin?: boolean;
}

export function agentConfig(settings: AgentSettings): AgentConfig {
  const { id, token, gatewayPort, routes, detectMs, poolBytes, admin } = settings;
  return {
    id,
    name: id,
    gateways: [`ws://127.0.0.1:${gatewayPort}`],
    minGateways: 1,
    token: async () => token,
    labels: {},
    place: {},
    isPrivate: true,
    publications: routes,
    kube: undefined,
    dial: {
      caFile: undefined,
      certFile: undefined,
      keyFile: undefined,
      proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: undefined },
      handshakeTimeoutMs: 10_000,
    },
    upstream: {
      connectTimeoutMs: 10_000,
      maxIdle: 100,
      idleMs: 90_000,
      caFile: undefined,
      insecureSkipVerify: false,
    },
    tunnels: {
      detectMs: detectMs ?? 30_000,
      poolBytes: poolBytes ?? 16 * 1_048_576,
      streams: 10_000,
    },
    drain: { deadlineMs: 5_000 },
    admin: admin === true ? { host: "127.0.0.1", port: 0 } : undefined,
  };
}

/** A route for `host` to a port of 127.0.0.1. */
export function routeTo(
  host: string,
  port: number,
  more: Partial<ConfiguredRoute["route"]> = {},
): ConfiguredRoute {
  const service = host.split(".")[0]!;
  return {
    route: { host, service, port, ...more },
    targets: [{ host: "127.0.0.1", port }],
  };
}
