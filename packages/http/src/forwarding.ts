import { isAll, sameWord, TOKEN } from "./ascii.ts";
import { linesOf } from "./fields.ts";
import { isIn, namedByConnection, ROLE, roleOf } from "./hop-by-hop.ts";
import type { RequestHead } from "./request-head.ts";

/** The side of a client connection that the application should hear of. */
export interface Peer {
  /** Textual IP address of the peer, IPv6 without brackets. */
  address: string;
  proto: "http" | "https";
  /** The peer is a proxy of ours: what it says of the client before it is believed and kept. */
  trusted: boolean;
}

/** What of a request head matters here. */
type Forwarded = Pick<RequestHead, "fields" | "lines" | "connection">;

const NOTHING: ReadonlySet<string> = new Set();

/** What earlier proxies said, by the fields they said it in. */
class Said {
  for: string | undefined;
  proto: string | undefined;
  host: string | undefined;
  forwarded: string | undefined;
}

/**
 * Writes X-Forwarded-For, -Proto, -Host and Forwarded (RFC 7239) on the requests of one connection,
 * and drops what the client itself wrote there unless it is trusted. One per connection.
 */
export class Forwarding {
  readonly #peer: Peer;
  readonly #node: string;
  #host = "";
  /** What is said of a request for `#host`, where nobody said anything before. */
  #said = "";

  constructor(peer: Peer) {
    this.#peer = peer;
    this.#node = peer.address.includes(":") ? `"[${peer.address}]"` : peer.address;
  }

  /**
   * The request's fields for the next hop, as `name: value CRLF` lines: end-to-end ones but the
   * lower-case names of `strip`, and the forwarding fields at the end. `authority` is the Host value
   * as received.
   */
  lines(request: Forwarded, authority: string, strip: ReadonlySet<string> = NOTHING): string {
    const simple = !this.#peer.trusted && strip.size === 0;
    if (simple && request.lines !== undefined) return request.lines + this.#saidOf(authority);
    return linesOf(this.#fields(request, authority, strip));
  }

  #fields(
    { fields, connection }: Forwarded,
    authority: string,
    strip: ReadonlySet<string>,
  ): string[] {
    const named = namedByConnection(connection);
    const simple = named === undefined && strip.size === 0;
    const said = this.#peer.trusted ? new Said() : undefined;
    const kept: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i]!;
      const role = roleOf(name);
      if (role !== ROLE.endToEnd) {
        if (said !== undefined && role === ROLE.forwarded) note(said, kept, name, fields[i + 1]!);
        continue;
      }
      if (!simple && isIn(name, named, strip)) continue;
      kept.push(name, fields[i + 1]!);
    }
    this.#write(kept, authority, said);
    return kept;
  }

  #write(kept: string[], authority: string, said: Said | undefined): void {
    const { address, proto } = this.#peer;
    kept.push(
      "x-forwarded-for",
      after(said?.for, address),
      "x-forwarded-proto",
      said?.proto ?? proto,
      "x-forwarded-host",
      said?.host ?? authority,
      "forwarded",
      after(said?.forwarded, this.#element(authority)),
    );
  }

  /** Connections mostly ask for one host: what is said of that is kept. */
  #saidOf(authority: string): string {
    if (authority === this.#host) return this.#said;
    const fields: string[] = [];
    this.#write(fields, authority, undefined);
    this.#host = authority;
    this.#said = linesOf(fields);
    return this.#said;
  }

  #element(authority: string): string {
    const host = isAll(TOKEN, authority) ? authority : `"${authority}"`;
    return `for=${this.#node};host=${host};proto=${this.#peer.proto}`;
  }
}

/** Another field of a trusted proxy (x-forwarded-port, -prefix, x-real-ip) passes as it is. */
function note(said: Said, kept: string[], name: string, value: string): void {
  if (sameWord(name, "x-forwarded-for")) said.for = after(said.for, value);
  else if (sameWord(name, "x-forwarded-proto")) said.proto ??= value;
  else if (sameWord(name, "x-forwarded-host")) said.host ??= value;
  else if (sameWord(name, "forwarded")) said.forwarded = after(said.forwarded, value);
  else if (!name.includes("_")) kept.push(name, value);
}

function after(before: string | undefined, value: string): string {
  return before === undefined || before === "" ? value : `${before}, ${value}`;
}
