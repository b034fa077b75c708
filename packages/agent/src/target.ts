import { EndpointChoice, type EndpointAffinity } from "./endpoint-choice.ts";

/** How a connection to a service begins and what is spoken on it. */
export type TargetProtocol = "http" | "https" | "h2c" | "h2" | "tcp";

/** How a TLS service proves who it is. */
export interface TlsSettings {
  /** PEM text; undefined trusts the certificates that Node trusts. */
  ca: string | undefined;
  /** Name in the certificate and in SNI; undefined is the target's host. */
  serverName: string | undefined;
  /** True takes any certificate. */
  insecure: boolean;
}
export const STRICT_TLS: TlsSettings = { ca: undefined, serverName: undefined, insecure: false };

/** Where a backend of a published route listens: the only thing that an agent ever dials. */
export interface Target {
  /** Targets with the same key share connections. */
  readonly key: string;
  readonly host: string;
  readonly port: number;
  readonly protocol: TargetProtocol;
  readonly tls: TlsSettings;
  /** How long a connect may take, with TLS where there is some. */
  readonly connectTimeoutMs: number;
  /** Sends a PROXY protocol v2 header first (tcp only). */
  readonly proxyProtocol: boolean;
  /** Dialled instead of `host` and `port`, which then only name the service. */
  readonly endpoints: EndpointChoice | undefined;
}

/** One of the endpoints that are ready. */
export interface EndpointAddress {
  readonly host: string;
  readonly port: number;
}

export const CONNECT_TIMEOUT_MS = 10_000;

export type TargetInput = Pick<Target, "host" | "port"> &
  Partial<Omit<Target, "key" | "endpoints">>;

export function createTarget(given: TargetInput): Target {
  const target = {
    protocol: "http" as const,
    tls: STRICT_TLS,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    proxyProtocol: false,
    ...given,
  };
  return { ...target, key: keyOf(target), endpoints: undefined };
}

/** A target whose connections go to one of `endpoints` each, chosen by the agent. */
export function createEndpointsTarget(
  service: TargetInput,
  endpoints: readonly Target[],
  affinity: EndpointAffinity,
): Target {
  return { ...createTarget(service), endpoints: new EndpointChoice(endpoints, affinity) };
}

/** Every place that a target may lead a connection to. */
export function placesOf(target: Target): readonly Target[] {
  return target.endpoints?.targets ?? [target];
}

/** Everything that makes two connections differ; a certificate authority may be long, but is rare. */
function keyOf(target: Omit<Target, "key" | "endpoints">): string {
  const plain = `${target.protocol}://${target.host}:${target.port} ${target.connectTimeoutMs}`;
  const secure = target.protocol === "https" || target.protocol === "h2";
  return secure ? `${plain} ${JSON.stringify(target.tls)}` : plain;
}
