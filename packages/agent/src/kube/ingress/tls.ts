import { covers } from "@warren/wire";
import type { Ingress } from "../objects.ts";

/** True when the host is in an entry of `spec.tls`, by a wildcard of depth one too (G-123). */
export function isTlsHost({ spec }: Ingress, host: string): boolean {
  return (spec?.tls ?? []).some(({ hosts }) => covers(lowered(hosts), host));
}

function lowered(hosts: readonly string[] = []): string[] {
  return hosts.map((host) => host.toLowerCase()).filter((host) => host !== "");
}
