import type { ProxySettings } from "@warren/host";
import type { Place, RouteInput } from "@warren/wire";
import type { KubeSettings } from "./kube-options.ts";
import type { TlsSettings } from "./target.ts";

/** Where a published backend really is. Never leaves the agent. */
export interface TargetAddress {
  host: string;
  port: number;
  /** How this one proves who it is; as `upstream` says unless given. */
  tls?: TlsSettings;
}

/** One thing to publish: a route as the gateway sees it, and what to dial for each backend. */
export interface ConfiguredRoute {
  route: RouteInput;
  /** By backend index of the route. */
  targets: readonly TargetAddress[];
}

/** What an agent is started with. Frozen; read from flags, environment and file by `warren`. */
export interface AgentConfig {
  /** One process slot; minted in the data folder and held by a lock unless given. */
  id: string;
  name: string;
  /** Gateways to dial, `ws(s)://host:port`; others are learnt from them. */
  gateways: readonly string[];
  /** Tunnels are kept to at least so many gateways where there are that many. */
  minGateways: number;
  /** Read again before each dial, so that it can be renewed. */
  token: () => Promise<string>;
  labels: Record<string, string>;
  place: Place;
  /** This cluster has no public address; said in heartbeats, unless Kubernetes tells more. */
  isPrivate: boolean;
  publications: readonly ConfiguredRoute[];
  /** The Kubernetes cluster that is followed; undefined: none. */
  kube: KubeSettings | undefined;
  /** How gateways are dialled. */
  dial: {
    caFile: string | undefined;
    certFile: string | undefined;
    keyFile: string | undefined;
    /** As HTTPS_PROXY / HTTP_PROXY / NO_PROXY say. */
    proxy: ProxySettings;
    handshakeTimeoutMs: number;
  };
  /** How services are dialled. */
  upstream: {
    connectTimeoutMs: number;
    maxIdle: number;
    idleMs: number;
    /** CA for TLS services; verification is off only if asked for. */
    caFile: string | undefined;
    insecureSkipVerify: boolean;
  };
  tunnels: { detectMs: number; poolBytes: number; streams: number };
  drain: { deadlineMs: number };
  /** The agent's own metrics and health; undefined: none. */
  admin: undefined | { host: string; port: number };
}
