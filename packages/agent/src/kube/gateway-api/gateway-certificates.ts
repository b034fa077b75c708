import { X509Certificate } from "node:crypto";
import type { ClusterView } from "../cluster-view.ts";
import { hostsIn } from "../tls-pair.ts";
import type { CertificateUse } from "../tls-uses.ts";
import type { GatewayState } from "./judge-gateway.ts";
import type { GatewayModel } from "./model.ts";

/** Who brings Secrets to gateways. */
export interface CertificateUsers {
  /** The object, created then (epoch milliseconds), uses exactly these from now on. */
  name(object: string, age: number, uses: readonly CertificateUse[]): void;
  /** What the object publishes, it may publish by another way now. */
  moved(object: string): void;
}

export interface CertificateSources {
  readonly secret: ClusterView["secret"];
  /** Which listeners have taken a route. */
  readonly isAttached: GatewayModel["isAttached"];
}

/** What a Gateway is called among those that name Secrets. */
export function gatewayId(key: string): string {
  return `${key} Gateway`;
}

/**
 * Secrets that the HTTPS listeners of a Gateway are served with; each for its listener's host, or for
 * those that the certificate itself names, where routes that the listener has taken are published.
 */
export function secretsOf(
  state: GatewayState | undefined,
  { secret, isAttached }: CertificateSources,
): CertificateUse[] {
  return (state?.listeners ?? []).flatMap(({ listener, programmed, secrets }) => {
    if (!programmed || state === undefined) return [];
    const { name, hostname } = listener;
    const speaksFor = (route: string): ReadonlySet<string> | undefined =>
      isAttached(route, state.key, name)
        ? new Set([state.namespace, route.slice(0, route.indexOf("/"))])
        : undefined;
    return secrets.map((key) => {
      const hosts = hostname === undefined ? namedBy(key, secret) : [hostname.toLowerCase()];
      return { secret: key, hosts: new Set(hosts), listener: name, rules: undefined, speaksFor };
    });
  });
}

function namedBy(key: string, secret: ClusterView["secret"]): string[] {
  const [namespace = "", name = ""] = key.split("/");
  const text = secret?.(namespace, name)?.data?.["tls.crt"] ?? "";
  try {
    return hostsIn(new X509Certificate(Buffer.from(text, "base64")));
  } catch {
    return [];
  }
}
