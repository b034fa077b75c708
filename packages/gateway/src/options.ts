import { hostname } from "node:os";
import { join } from "node:path";
import {
  cidrProblem,
  Duration,
  fromText,
  GatewayUrl,
  listOption,
  option,
  Port,
  PortRange,
  randomId,
  Size,
  switchOption,
  Text,
  urlOf,
  WholeNumber,
  type ConfigOf,
} from "@warren/host";
import type { GatewayConfig } from "./config.ts";
import { reachOptions, readReach } from "./reach-options.ts";
import { readShares, shareOptions } from "./share-options.ts";
import { readTlsOptions, tlsOptions } from "./tls-options.ts";

const Cidr = fromText("an address or a CIDR like 10.0.0.0/8", (text) =>
  cidrProblem(text) === undefined ? text : undefined,
);
const PublicPath = fromText("a path like /health, or none", (text) =>
  text === "none" ? "" : /^\/[^\s?#]*$/.test(text) ? text : undefined,
);

/** Where a gateway listens, and for whom. */
const listeners = {
  port: option({ value: "<port>", schema: Port, default: "8080", help: "Public HTTP port." }),
  listen: option({
    value: "<address>",
    schema: Text,
    help: "Address of the public ports; all addresses unless set.",
  }),
  tlsPort: option({
    value: "<port>",
    schema: Port,
    help: "Public TLS port; 8443 where --certificates or --acme is set, else none.",
  }),
  certificates: option({
    value: "<folder>",
    schema: Text,
    help: "TLS certificates, chosen by server name, read again when they change; the data folder's `certificates` unless set.",
  }),
  redirectHttps: switchOption({
    default: "true",
    help: "Plain HTTP redirects to HTTPS for hosts that have a certificate.",
  }),
  redirectPort: option({
    value: "<port>",
    schema: Port,
    help: "Port that redirects to HTTPS name, where clients see another than --tls-port: 443 behind a balancer.",
  }),
  hsts: option({
    value: "<duration>",
    schema: Duration,
    default: "0",
    help: "Strict-Transport-Security for this long; 0 sends none.",
  }),
  adminPort: option({
    value: "<port>",
    schema: Port,
    default: "9090",
    help: "Port for metrics, health and the admin calls.",
  }),
  adminHost: option({
    value: "<address>",
    schema: Text,
    default: "127.0.0.1",
    help: "Address of the admin port; beyond loopback, changes need the admin token.",
  }),
  agentPort: option({
    value: "<port>",
    schema: Port,
    help: "A port for agents alone; they use the public ports unless set.",
  }),
  tcpPorts: option({
    value: "<first-last>",
    schema: PortRange,
    help: "Public ports for tcp routes, which are refused unless set.",
  }),
  trustedProxy: listOption({
    value: "<cidr>",
    schema: Cidr,
    help: "Balancer whose X-Forwarded-* and PROXY headers are believed.",
  }),
  proxyProtocol: switchOption({
    help: "Trusted balancers begin connections with a PROXY header; agents among them need --agent-port.",
  }),
  healthPath: option({
    value: "<path>",
    schema: PublicPath,
    default: "/health",
    help: "Public path that answers 200 to outside balancers, or `none`.",
  }),
};

/** How gateways know each other, agents and routes. */
const fleet = {
  gatewayId: option({
    value: "<name>",
    schema: Text,
    help: "Name of this gateway among others; made up at each start unless set.",
  }),
  keys: option({
    value: "<folder>",
    schema: Text,
    help: "Public keys of token issuers, `<kid>.pem`; the data folder's `keys` unless set.",
  }),
  advertise: option({
    value: "<url>",
    schema: GatewayUrl,
    help: "Where agents reach this gateway and no other; needed where several share one name.",
  }),
  redisUrl: listOption({
    value: "<url>",
    schema: urlOf("redis", "rediss"),
    help: "Redis that gateways share; routes are kept in memory unless set.",
    names: { env: "REDIS_URL" },
  }),
  redisCluster: switchOption({ help: "It is a Redis Cluster." }),
  peerPort: option({
    value: "<port>",
    schema: Port,
    help: "Port for other gateways; none unless set.",
  }),
  peerListen: option({
    value: "<address>",
    schema: Text,
    help: "Address of the peer port; all addresses unless set.",
  }),
  peerAdvertise: option({
    value: "<url>",
    schema: GatewayUrl,
    help: "Where other gateways reach the peer port.",
  }),
  peerKeyFile: option({
    value: "<file>",
    schema: Text,
    help: "Key that all gateways share, by which they know each other.",
  }),
  peerCa: option({
    value: "<file>",
    schema: Text,
    help: "Instead of a shared key: authority of the gateways' certificates (PEM).",
  }),
  peerCert: option({ value: "<file>", schema: Text, help: "This gateway's certificate (PEM)." }),
  peerCertKey: option({ value: "<file>", schema: Text, help: "Its private key (PEM)." }),
};

/** How long things may take, and how much there may be. */
const limits = {
  headTimeout: option({
    value: "<duration>",
    schema: Duration,
    default: "30s",
    help: "Time to an answer's head, from the last byte of the request.",
  }),
  slowTimeout: option({
    value: "<duration>",
    schema: Duration,
    default: "30s",
    help: "A request slower than 1 KiB in this time is cut off.",
  }),
  flapWait: option({
    value: "<duration>",
    schema: Duration,
    default: "5s",
    help: "How long a new request waits for a tunnel that may come back.",
  }),
  detectAfter: option({
    value: "<duration>",
    schema: Duration,
    default: "30s",
    help: "A silent connection to an agent is dead after this.",
  }),
  resumeWithin: option({
    value: "<duration>",
    schema: Duration,
    default: "60s",
    help: "How long the streams of a lost agent wait for it.",
  }),
  heartbeat: option({
    value: "<duration>",
    schema: Duration,
    default: "30s",
    help: "How often agents say that they are well.",
  }),
  tunnelPool: option({
    value: "<size>",
    schema: Size,
    default: "16MiB",
    help: "Buffer that the streams of one tunnel share.",
  }),
  gatewayPool: option({
    value: "<size>",
    schema: Size,
    default: "256MiB",
    help: "Buffer that all tunnels share; no cluster takes more than it leaves.",
  }),
  tunnelStreams: option({
    value: "<count>",
    schema: WholeNumber,
    default: "10000",
    help: "Streams open at once in one tunnel.",
  }),
  drainDelay: option({
    value: "<duration>",
    schema: Duration,
    default: "5s",
    help: "Time for balancers to see that this gateway is leaving.",
  }),
  drainDeadline: option({
    value: "<duration>",
    schema: Duration,
    default: "25s",
    help: "What is open this long after that is closed.",
  }),
  requestLog: switchOption({ default: "true", help: "One line per request." }),
};

/** Everything that a gateway can be told, but for the data folder and the log, which all share. */
export const gatewayOptions = {
  ...listeners,
  ...tlsOptions,
  ...fleet,
  ...limits,
  ...shareOptions,
  ...reachOptions,
};

/** Options that do not fit together, by the keys that `said` turns into what was typed. */
export type OptionKey = keyof typeof gatewayOptions;

/**
 * A gateway's configuration out of what was said, or what in it does not fit together: one line
 * each, under the names that `said` gives.
 */
export function gatewayConfig(
  options: ConfigOf<typeof gatewayOptions>,
  dataFolder: string,
  said: (key: OptionKey) => string,
): { config: GatewayConfig } | { problems: string[] } {
  const problems: string[] = [];
  const host = options.listen ?? "";
  const peers = readPeers(options, said, problems);
  const names = readTlsOptions(options, said, problems);
  if (options.redisUrl.length > 1 && !options.redisCluster)
    problems.push(`${said("redisUrl")}: several addresses need --redis-cluster`);
  if (options.proxyProtocol && options.trustedProxy.length === 0)
    problems.push(`${said("proxyProtocol")}: needs --trusted-proxy, or nobody would be believed`);
  if (problems.length > 0) return { problems };
  const config: GatewayConfig = {
    id: options.gatewayId ?? `${hostname()}-${randomId(4, "hex")}`,
    dataFolder,
    http: { host, port: options.port },
    tls: readTls(options, dataFolder),
    ...names,
    admin: { host: options.adminHost, port: options.adminPort },
    agents: options.agentPort === undefined ? undefined : { host, port: options.agentPort },
    peers,
    advertise: options.advertise ?? "",
    tcpPorts: options.tcpPorts && { host, from: options.tcpPorts.first, to: options.tcpPorts.last },
    registry:
      options.redisUrl.length === 0
        ? { kind: "memory" }
        : {
            kind: "redis",
            urls: options.redisUrl.map((url) => url.href),
            cluster: options.redisCluster,
          },
    keysFolder: options.keys ?? join(dataFolder, "keys"),
    trustedProxies: options.trustedProxy,
    acceptProxyProtocol: options.proxyProtocol,
    ...readLimits(options),
    ...readShares(options),
    ...readReach(options),
    requestLog: options.requestLog,
    healthPath: options.healthPath,
  };
  return { config: Object.freeze(config) };
}

function readTls(
  options: ConfigOf<typeof listeners> & { acme: boolean },
  dataFolder: string,
): GatewayConfig["tls"] {
  const { listen, tlsPort, certificates, redirectHttps, redirectPort, hsts } = options;
  if (tlsPort === undefined && certificates === undefined && !options.acme) return undefined;
  return {
    host: listen ?? "",
    port: tlsPort ?? 8443,
    certificatesFolder: certificates ?? join(dataFolder, "certificates"),
    redirect: redirectHttps,
    redirectPort,
    hstsSeconds: Math.round(hsts / 1000),
  };
}

function readPeers(
  options: ConfigOf<typeof fleet>,
  said: (key: OptionKey) => string,
  problems: string[],
): GatewayConfig["peers"] {
  const { peerPort, peerListen, peerAdvertise, peerKeyFile } = options;
  const { peerCa: caFile, peerCert: certFile, peerCertKey: keyFile } = options;
  const certificates = [caFile, certFile, keyFile].filter((file) => file !== undefined);
  if (peerPort === undefined) {
    if (peerKeyFile !== undefined || certificates.length > 0 || peerAdvertise !== undefined)
      problems.push("--peer-port: is needed where another --peer-* is given");
    return undefined;
  }
  if (peerAdvertise === undefined)
    problems.push(`${said("peerPort")}: needs --peer-advertise, or no gateway would find it`);
  const place = { host: peerListen ?? "", port: peerPort, advertise: peerAdvertise ?? "" };
  if (peerKeyFile !== undefined && certificates.length === 0)
    return { ...place, auth: { kind: "key", keyFile: peerKeyFile } };
  if (peerKeyFile === undefined && caFile && certFile && keyFile)
    return { ...place, auth: { kind: "mtls", caFile, certFile, keyFile } };
  problems.push(
    `${said("peerPort")}: needs either --peer-key-file, or --peer-ca, --peer-cert and --peer-cert-key`,
  );
  return undefined;
}

function readLimits(
  options: ConfigOf<typeof limits>,
): Pick<GatewayConfig, "timeouts" | "tunnels" | "drain"> {
  return {
    timeouts: {
      headMs: options.headTimeout,
      slowMs: options.slowTimeout,
      flapMs: options.flapWait,
    },
    tunnels: {
      detectMs: options.detectAfter,
      resumeMs: options.resumeWithin,
      heartbeatMs: options.heartbeat,
      poolBytes: options.tunnelPool,
      gatewayPoolBytes: options.gatewayPool,
      streams: options.tunnelStreams,
    },
    drain: { delayMs: options.drainDelay, deadlineMs: options.drainDeadline },
  };
}
