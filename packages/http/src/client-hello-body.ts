import { readAuthority } from "./authority.ts";
import type { ClientHello } from "./client-hello.ts";
import { refused, Refusal } from "./refusal.ts";

const MALFORMED = refused("malformed TLS ClientHello");
const BAD_NAME = refused("TLS server name is not a host name");
const SERVER_NAME = 0;
const ALPN = 16;

/** Walks length-prefixed vectors. Out of bounds sets `bad` and reads as empty, so none is checked twice. */
class Reader {
  bad = false;
  at = 0;
  readonly #bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  get left(): number {
    return this.#bytes.length - this.at;
  }
  number(size: 1 | 2): number {
    const part = this.skip(size);
    if (part.length < size) return 0;
    return size === 1 ? part[0]! : (part[0]! << 8) | part[1]!;
  }
  skip(size: number): Uint8Array {
    if (size > this.left) {
      this.bad = true;
      this.at = this.#bytes.length;
      return this.#bytes.subarray(0, 0);
    }
    this.at += size;
    return this.#bytes.subarray(this.at - size, this.at);
  }
  vector(size: 1 | 2): Uint8Array {
    return this.skip(this.number(size));
  }
}

/** Reads the body of a ClientHello message (RFC 8446 §4.1.2; RFC 6066 §3 for SNI; RFC 7301 for ALPN). */
export function readHelloBody(body: Uint8Array): ClientHello | Refusal {
  const reader = new Reader(body);
  const hello: ClientHello = { serverName: undefined, protocols: [] };
  reader.skip(2 + 32);
  reader.vector(1);
  reader.vector(2);
  reader.vector(1);
  // A client of TLS 1.0 may end here, without extensions.
  const extensions = new Reader(reader.left === 0 ? body.subarray(0, 0) : reader.vector(2));
  if (reader.bad || reader.left > 0) return MALFORMED;
  const seen = new Set<number>();
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (extensions.bad || seen.has(type)) return MALFORMED;
    seen.add(type);
    const problem =
      type === SERVER_NAME
        ? readServerName(data, hello)
        : type === ALPN
          ? readProtocols(data, hello)
          : undefined;
    if (problem !== undefined) return problem;
  }
  return hello;
}

/** One name of type host_name; the RFC allows a list, which no client sends. */
function readServerName(data: Uint8Array, hello: ClientHello): Refusal | undefined {
  const outer = new Reader(data);
  const list = new Reader(outer.vector(2));
  const type = list.number(1);
  const name = text(list.vector(2));
  if (outer.bad || list.bad || outer.left > 0 || list.left > 0 || type !== 0) return MALFORMED;
  const authority = readAuthority(name);
  if (authority === undefined || authority.port !== -1) return BAD_NAME;
  hello.serverName = authority.host;
  return undefined;
}

function readProtocols(data: Uint8Array, hello: ClientHello): Refusal | undefined {
  const outer = new Reader(data);
  const list = new Reader(outer.vector(2));
  if (outer.bad || outer.left > 0 || list.left === 0) return MALFORMED;
  while (list.left > 0) {
    const protocol = list.vector(1);
    if (list.bad || protocol.length === 0) return MALFORMED;
    hello.protocols.push(text(protocol));
  }
  return undefined;
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
