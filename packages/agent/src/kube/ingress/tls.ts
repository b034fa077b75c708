import type { Ingress } from "../objects.ts";

/** True for a host that is in an entry of `spec.tls`, by a wildcard of depth one too (G-123). */
export type IsTlsHost = (host: string) => boolean;

/** Read once for all hosts of an Ingress: a thousand of each are asked for in no more than a thousand steps. */
export function tlsHostsOf({ spec }: Pick<Ingress, "spec">): IsTlsHost {
  const hosts = new Set<string>();
  for (const entry of spec?.tls ?? [])
    for (const host of entry.hosts ?? []) hosts.add(host.toLowerCase());
  hosts.delete("");
  return (host) => host !== "" && (hosts.has("*") || hosts.has(host) || isBelowSome(host, hosts));
}

/** `covers` of the wire, from the host's side: each pattern that would cover it is looked for. */
function isBelowSome(host: string, patterns: ReadonlySet<string>): boolean {
  const first = host.indexOf(".");
  const isOneLabel = first > 0 && host.slice(0, first) !== "**";
  if (isOneLabel && patterns.has(`*${host.slice(first)}`)) return true;
  for (let at = first; at !== -1; at = host.indexOf(".", at + 1))
    if (at > 0 && patterns.has(`**${host.slice(at)}`)) return true;
  return false;
}
