import { CidrList, type TrustedProxies } from "@warren/host";

/** Of a request, what says where it comes from. Repeated fields are joined by commas. */
export interface Whereabouts {
  /** Address of the other end of the connection. */
  peer: string;
  forwardedFor: string | undefined;
  /** The Forwarded field (RFC 7239). */
  forwarded: string | undefined;
}

/** Who asks, for limits and logs. IPv4-mapped IPv6 addresses are written as the IPv4 they are. */
export function clientAddress(
  { peer, forwardedFor }: Pick<Whereabouts, "peer" | "forwardedFor">,
  proxies: TrustedProxies,
): string {
  return unmapped(proxies.client(peer, forwardedFor));
}

function unmapped(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** Private networks and the machine itself, in both families (`reference/chatbox.md` E-12, and ::1). */
export const METRICS_NETWORKS: readonly string[] = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "127.0.0.0/8",
  "::1",
  "fc00::/7",
];

const LOOPBACK = new CidrList(["127.0.0.0/8", "::1"]);

/** Who may read the metrics. An empty list lets nobody. */
export class MetricsAccess {
  readonly #networks: CidrList;
  readonly #proxies: TrustedProxies;

  constructor(networks: readonly string[], proxies: TrustedProxies) {
    this.#networks = new CidrList(networks);
    this.#proxies = proxies;
  }

  /**
   * A direct peer is judged by its address. What was forwarded is judged by its client too, in every
   * field that names one; a client that nobody trustworthy vouches for is nobody. And a loopback
   * address in a field is the proxy's machine: whoever stands before it is not on this one.
   */
  allows({ peer, forwardedFor, forwarded }: Whereabouts): boolean {
    if (!this.#networks.has(peer)) return false;
    if (forwardedFor === undefined && forwarded === undefined) return true;
    const said = forwarded === undefined ? [] : [nodesOf(forwarded)];
    if (forwardedFor !== undefined) said.push(forwardedFor);
    return said.every((chain) => this.#isForwardedFrom(peer, chain));
  }

  #isForwardedFrom(peer: string, chain: string): boolean {
    if (chain.trim() === "") return false;
    // The peer itself where it is no trusted proxy, or says nothing that makes sense.
    const client = this.#proxies.client(peer, chain);
    return client !== peer && this.#networks.has(client) && !LOOPBACK.has(client);
  }
}

/** The `for` of every element, as X-Forwarded-For would say it. */
function nodesOf(forwarded: string): string {
  const nodes = forwarded.matchAll(/(?:^|[;,])\s*for=(?:"([^"]*)"|([^;,\s]*))/gi);
  return Array.from(nodes, ([, quoted, bare]) => quoted ?? bare ?? "").join(", ");
}
