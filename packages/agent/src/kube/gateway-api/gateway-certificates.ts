import { X509Certificate } from "node:crypto";
import type { ClusterView } from "../cluster-view.ts";
import type { GatewayState } from "./model.ts";

/** Who brings Secrets to gateways: `user` names exactly these from now on, each for its hosts. */
export interface CertificateUsers {
  name(user: string, secrets: ReadonlyMap<string, readonly string[]>): void;
}

/**
 * Secrets, by `namespace/name`, that the HTTPS listeners of a Gateway are served with; each for its
 * listener's host, or for those that the certificate itself names.
 */
export function secretsOf(
  state: GatewayState | undefined,
  secret: ClusterView["secret"],
): Map<string, string[]> {
  const named = new Map<string, string[]>();
  for (const { listener, programmed, secrets } of state?.listeners ?? []) {
    if (!programmed) continue;
    for (const key of secrets) {
      const hosts =
        listener.hostname === undefined ? hostsIn(key, secret) : [listener.hostname.toLowerCase()];
      named.set(key, [...(named.get(key) ?? []), ...hosts]);
    }
  }
  return named;
}

/** Of the certificate's subject alternative names those that are host names (RFC 6125). */
function hostsIn(key: string, secret: ClusterView["secret"]): string[] {
  const [namespace = "", name = ""] = key.split("/");
  const text = secret?.(namespace, name)?.data?.["tls.crt"] ?? "";
  try {
    const { subjectAltName = "" } = new X509Certificate(Buffer.from(text, "base64"));
    return [...subjectAltName.matchAll(/DNS:([^\s,"]+)/g)].map(([, host]) => host!.toLowerCase());
  } catch {
    return [];
  }
}
