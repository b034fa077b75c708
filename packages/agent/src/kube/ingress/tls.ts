import { covers } from "@warren/wire";
import type { Ingress } from "../objects.ts";

/** True when the host is in an entry of `spec.tls`, by a wildcard of depth one too (G-123). */
export function isTlsHost({ spec }: Ingress, host: string): boolean {
  return (spec?.tls ?? []).some(({ hosts }) => covers(lowered(hosts), host));
}

/** A Secret that an Ingress names, and the hosts that its certificate is for. */
export interface TlsReference {
  readonly namespace: string;
  readonly name: string;
  /** Lower case, as written: exact hosts and `*.name`. */
  readonly hosts: readonly string[];
}

/** The Secrets of an Ingress's `spec.tls`; entries that name no host or no Secret are none. */
export function tlsReferences({ metadata, spec }: Ingress): TlsReference[] {
  return (spec?.tls ?? []).flatMap(({ hosts, secretName = "" }) =>
    secretName === "" || lowered(hosts).length === 0
      ? []
      : [{ namespace: metadata.namespace ?? "default", name: secretName, hosts: lowered(hosts) }],
  );
}

function lowered(hosts: readonly string[] = []): string[] {
  return hosts.map((host) => host.toLowerCase()).filter((host) => host !== "");
}
