import { isIP } from "node:net";
import { CidrList } from "./cidr-list.ts";

/** More hops than any honest chain has; what is left of them is not looked at. */
const HOPS = 32;

/** Balancers and proxies whose word on who the client is counts. */
export class TrustedProxies {
  readonly #list: CidrList;
  readonly #none: boolean;

  constructor(cidrs: readonly string[]) {
    this.#list = new CidrList(cidrs);
    this.#none = cidrs.length === 0;
  }

  /** May this peer say X-Forwarded-* and PROXY lines? */
  trusts(peer: string): boolean {
    return !this.#none && this.#list.has(peer);
  }

  /**
   * Who the client is: the rightmost address that no trusted proxy vouches for as one of its own.
   * `forwardedFor` is X-Forwarded-For, repeated fields joined by commas; from an untrusted peer it
   * counts for nothing. Where the chain turns to nonsense, the last hop that made sense is the client.
   */
  client(peer: string, forwardedFor: string | undefined): string {
    if (forwardedFor === undefined || !this.trusts(peer)) return peer;
    let client = peer;
    for (const hop of forwardedFor.split(",").slice(-HOPS).toReversed()) {
      const address = addressOf(hop.trim());
      if (address === undefined) return client;
      client = address;
      if (!this.#list.has(address)) return client;
    }
    return client;
  }
}

/** Some proxies add a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressOf(hop: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
  const address = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
  return isIP(address) === 0 ? undefined : address;
}
