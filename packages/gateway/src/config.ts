import type { AcmeConfig } from "./acme/acme-config.ts";
import type { Quotas } from "./registry/quotas.ts";
import type { RolloutSettings } from "./rollout/rollout.ts";

/** What a gateway is started with. Frozen; read from flags, environment and file by `warren`. */
export interface GatewayConfig {
  /** Name of this process among gateways; unique. */
  id: string;
  /** Folder for state: keys, claims, the admin token. */
  dataFolder: string;
  /** Public plain listener: HTTP/1.1 and h2c. */
  http: { host: string; port: number };
  /** Public TLS listener; certificates from a folder. */
  tls:
    | undefined
    | {
        host: string;
        port: number;
        certificatesFolder: string;
        /** Plain HTTP redirects to HTTPS where a certificate exists. */
        redirect: boolean;
        /** Port that redirects name; undefined: the listener's own. */
        redirectPort: number | undefined;
        /** Strict-Transport-Security max-age for routes that set none; 0 sends none. */
        hstsSeconds: number;
      };
  /** Certificates that are ordered from a CA; undefined: none. */
  acme: undefined | AcmeConfig;
  /** Key under which private keys are kept in Redis; needed by whoever shares them there. */
  sharedKeyFile: string | undefined;
  /** Every cluster has names below it; undefined: none. */
  domain: string | undefined;
  /** Hosts that no token covers can be proved by a TXT record; given up so long after it is gone. */
  domainProof: undefined | { graceMs: number };
  /** Asked instead of the system's. */
  dnsServers: readonly string[];
  admin: { host: string; port: number };
  /** A listener of its own for agents; undefined: agents use the public ports. */
  agents: undefined | { host: string; port: number };
  /** The listener for other gateways and how they prove themselves; undefined when alone. */
  peers:
    | undefined
    | {
        host: string;
        port: number;
        /** What other gateways dial, `ws(s)://host:port`. */
        advertise: string;
        auth:
          | { kind: "key"; keyFile: string }
          | { kind: "mtls"; caFile: string; certFile: string; keyFile: string };
      };
  /** What agents dial for a resume, `ws(s)://host:port`; empty: whatever they dialled first. */
  advertise: string;
  /** Public ports for tcp routes, inclusive; undefined: tcp routes are refused. */
  tcpPorts: undefined | { host: string; from: number; to: number };
  registry: { kind: "memory" } | { kind: "redis"; urls: readonly string[]; cluster: boolean };
  /** Public keys of token issuers, `<kid>.pem`. */
  keysFolder: string;
  /** CIDRs whose X-Forwarded-* and PROXY headers are believed. */
  trustedProxies: readonly string[];
  /** Listeners expect a PROXY header from trusted peers. */
  acceptProxyProtocol: boolean;
  timeouts: {
    /** To the final response head, from the last request body byte forwarded. */
    headMs: number;
    /** A head or body slower than 1 KiB in this time is cut off. */
    slowMs: number;
    /** A new request waits so long for a flapping tunnel. */
    flapMs: number;
  };
  tunnels: {
    /** A silent transport is dead after this. */
    detectMs: number;
    /** A lost transport is waited for this long. */
    resumeMs: number;
    heartbeatMs: number;
    /** Credit above the floors, per tunnel and in all. */
    poolBytes: number;
    gatewayPoolBytes: number;
    /** Streams open at once in one tunnel. */
    streams: number;
  };
  /** What one cluster or claim group may have in the registry. */
  quotas: Quotas;
  /** Text of one agent's messages that are not applied yet. */
  agentMessageBytes: number;
  /** Requests that wait for tunnels to come back, in all and for one cluster. */
  waiting: { most: number; perCluster: number };
  /** Passwords of routes: checked at once, in line, and from one client. */
  passwords: { atOnce: number; waiting: number; perSecond: number; burst: number };
  drain: {
    /** After turning not ready, before accepting stops: balancers see it. */
    delayMs: number;
    /** What is left then is closed. */
    deadlineMs: number;
  };
  /** How clusters' own public endpoints are dialled; undefined: none is. */
  direct:
    | undefined
    | {
        /** CIDRs that may be dialled although they are not public. */
        allow: readonly string[];
        /** PEM file of authorities besides the public ones. */
        caFile: string | undefined;
      };
  /** Which private clusters are served; origin of a URL to redirect the rest to, or a 404. */
  rollout: RolloutSettings & { fallback: string | undefined };
  /** One line per request. */
  requestLog: boolean;
  /** Public path that says 200 to outside load balancers; empty: none. */
  healthPath: string;
}
