import { Resolver } from "node:dns/promises";

/** Addresses of a name, IPv4 and IPv6; rejects when there are none, or nobody says. */
export type ResolveName = (host: string) => Promise<readonly string[]>;

const QUERY_MS = 2_000;
const TRIES = 2;

/**
 * Asks DNS and nothing else: no hosts file, no search list, no other notation of an address. Without
 * `servers` (`address` or `address:port`) those of the system.
 */
export function dnsNames(servers: readonly string[]): ResolveName {
  const resolver = new Resolver({ timeout: QUERY_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return async (host) => {
    const said = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const found = said.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    if (found.length > 0) return found;
    throw new AggregateError(
      said.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : [])),
      "the name has no address",
    );
  };
}
