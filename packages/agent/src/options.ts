import { hostname } from "node:os";
import {
  Duration,
  fromText,
  GatewayUrl,
  listOption,
  option,
  Port,
  secretOption,
  Size,
  switchOption,
  Text,
  WholeNumber,
  type ConfigOf,
} from "@warren/host";
import * as v from "valibot";
import type { AgentConfig } from "./config.ts";
import type { Destination } from "./destination.ts";
import { kubeOptions } from "./kube-options.ts";
import { Service } from "./services.ts";

const Label = fromText("name=value", (text) => {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  return name === undefined || value === undefined ? undefined : ([name, value] as const);
});
const degrees = (most: number) =>
  fromText(`degrees from -${most} to ${most}`, (text) => {
    const value = /^-?\d{1,3}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    return Math.abs(value) <= most ? value : undefined;
  });

/** `app.example.com=3000`, `app.example.com/api=https://10.0.0.7`; a tcp service has no host. */
export const ServiceFlag = fromText(
  "host[/path]=destination, like app.example.com=3000",
  (text): Service | undefined => {
    const [, host = "", path = "/", to = ""] = /^([^=/]*)(\/[^=]*)?=(.+)$/.exec(text) ?? [];
    const read = v.safeParse(Service, { host, path, to });
    const hostless = read.success && !Array.isArray(read.output.to) && isTcp(read.output.to);
    return read.success && (host !== "" || hostless) ? read.output : undefined;
  },
);
const isTcp = ({ protocol, passthrough }: Destination) => protocol === "tcp" && !passthrough;

/** Who this agent is, and what it publishes. */
const identity = {
  gateway: listOption({
    value: "<url>",
    schema: GatewayUrl,
    help: "Gateway to dial, ws(s)://host:port; others are learnt from it.",
  }),
  minGateways: option({
    value: "<count>",
    schema: WholeNumber,
    default: "2",
    help: "Keep tunnels to so many gateways, where there are that many.",
  }),
  token: secretOption({ help: "What `warren token create` gave." }),
  agentId: option({
    value: "<name>",
    schema: Text,
    help: "Name of this process in its cluster, such as the pod's; minted in the data folder unless set.",
  }),
  agentName: option({
    value: "<name>",
    schema: Text,
    help: "What people call it; this machine's name unless set.",
  }),
  label: listOption({ value: "<name=value>", schema: Label, help: "Said to gateways." }),
  region: option({ value: "<name>", schema: Text, help: "Where this cluster is." }),
  country: option({ value: "<code>", schema: Text, help: "Its country, two letters." }),
  latitude: option({ value: "<degrees>", schema: degrees(90), help: "Its latitude." }),
  longitude: option({ value: "<degrees>", schema: degrees(180), help: "Its longitude." }),
  private: switchOption({
    default: "true",
    help: "The cluster has no public address; found out where Kubernetes is followed.",
  }),
  service: listOption({
    value: "<host[/path]=destination>",
    schema: ServiceFlag,
    help: "What to publish, like app.example.com=3000 or tcp: =tcp://db:5432.",
  }),
  services: option({
    value: "<file>",
    schema: Text,
    help: "More to publish, with policies: a TOML file of [[service]] tables.",
  }),
};

/** How gateways are dialled. */
const dial = {
  gatewayCa: option({
    value: "<file>",
    schema: Text,
    help: "Authority to trust for gateways instead of the usual ones (PEM).",
  }),
  gatewayCert: option({
    value: "<file>",
    schema: Text,
    help: "Certificate to show gateways (PEM).",
  }),
  gatewayCertKey: option({ value: "<file>", schema: Text, help: "Its private key (PEM)." }),
  handshakeTimeout: option({
    value: "<duration>",
    schema: Duration,
    default: "10s",
    help: "Time to connect to a gateway.",
  }),
  detectAfter: option({
    value: "<duration>",
    schema: Duration,
    default: "30s",
    help: "A silent connection to a gateway is dead after this.",
  }),
  tunnelPool: option({
    value: "<size>",
    schema: Size,
    default: "16MiB",
    help: "Buffer that the streams of one tunnel share.",
  }),
  tunnelStreams: option({
    value: "<count>",
    schema: WholeNumber,
    default: "10000",
    help: "Streams open at once in one tunnel.",
  }),
};

/** How services are dialled. */
const upstream = {
  connectTimeout: option({
    value: "<duration>",
    schema: Duration,
    default: "10s",
    help: "Time to connect to a service.",
  }),
  serviceIdle: option({
    value: "<count>",
    schema: WholeNumber,
    default: "100",
    help: "Idle connections kept per service.",
  }),
  serviceIdleTime: option({
    value: "<duration>",
    schema: Duration,
    default: "90s",
    help: "How long they are kept.",
  }),
  serviceCa: option({
    value: "<file>",
    schema: Text,
    help: "Authority to trust for TLS services instead of the usual ones (PEM).",
  }),
  serviceInsecure: switchOption({ help: "Take any certificate from TLS services." }),
};

const running = {
  drainDeadline: option({
    value: "<duration>",
    schema: Duration,
    default: "25s",
    help: "What is open this long after a signal is closed.",
  }),
  agentAdminPort: option({
    value: "<port>",
    schema: Port,
    help: "Port for the agent's metrics and health; none unless set.",
  }),
  agentAdminHost: option({
    value: "<address>",
    schema: Text,
    default: "127.0.0.1",
    help: "Address of that port.",
  }),
};

/** How gateways and services are reached. */
export const dialOptions = { ...dial, ...upstream };

/** Everything that an agent can be told, but for the data folder and the log, which all share. */
export const agentOptions = { ...identity, ...kubeOptions, ...dialOptions, ...running };

/** What an agent is told when nobody says anything. */
export const agentDefaults = Object.freeze(
  Object.fromEntries(
    Object.entries(agentOptions)
      .filter(([, { kind }]) => kind !== "secret")
      .map(([key, { unset }]) => [key, unset]),
  ),
) as ConfigOf<typeof agentOptions>;

/** What an agent needs besides options: who it is and what it may show. */
export type AgentGiven = Pick<AgentConfig, "id" | "token" | "publications" | "kube"> &
  Pick<AgentConfig["dial"], "proxy">;

export function agentConfig(
  options: ConfigOf<typeof agentOptions>,
  { id, token, publications, kube, proxy }: AgentGiven,
): AgentConfig {
  const { region, country, latitude, longitude } = options;
  const config: AgentConfig = {
    id,
    name: options.agentName ?? hostname(),
    gateways: options.gateway,
    minGateways: options.minGateways,
    token,
    labels: Object.fromEntries(options.label),
    place: { region, country, latitude, longitude },
    isPrivate: options.private,
    publications,
    kube,
    dial: {
      caFile: options.gatewayCa,
      certFile: options.gatewayCert,
      keyFile: options.gatewayCertKey,
      proxy,
      handshakeTimeoutMs: options.handshakeTimeout,
    },
    upstream: {
      connectTimeoutMs: options.connectTimeout,
      maxIdle: options.serviceIdle,
      idleMs: options.serviceIdleTime,
      caFile: options.serviceCa,
      insecureSkipVerify: options.serviceInsecure,
    },
    tunnels: {
      detectMs: options.detectAfter,
      poolBytes: options.tunnelPool,
      streams: options.tunnelStreams,
    },
    drain: { deadlineMs: options.drainDeadline },
    admin:
      options.agentAdminPort === undefined
        ? undefined
        : { host: options.agentAdminHost, port: options.agentAdminPort },
  };
  return Object.freeze(config);
}
