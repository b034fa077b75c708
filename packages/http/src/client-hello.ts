import { refused, Refusal } from "./refusal.ts";
import { readHelloBody } from "./client-hello-body.ts";

/** What a TLS client says before anything is encrypted. */
export interface ClientHello {
  /** SNI host name, lower case; undefined when the client names none. */
  serverName: string | undefined;
  /** ALPN protocol ids (latin-1), in the client's order. */
  protocols: string[];
}

/** Largest ClientHello with its record headers, bytes. */
export const MAX_CLIENT_HELLO_BYTES = 16_384;

const TOO_LONG = refused("TLS ClientHello too long");
const BAD_RECORD = refused("malformed TLS record");
const NOT_HELLO = refused("TLS handshake does not begin with ClientHello");
const HANDSHAKE = 22;
const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;

/**
 * Reads the ClientHello at the start of a connection's bytes (RFC 8446 §4.1.2, §5.1), reassembled
 * over records. Call again with all bytes after "more"; "not-tls" is known from the first two.
 */
export function readClientHello(bytes: Uint8Array): ClientHello | "more" | "not-tls" | Refusal {
  if (bytes.length === 0) return "more";
  if (bytes[0] !== HANDSHAKE || (bytes.length > 1 && bytes[1] !== 3)) return "not-tls";
  const found = measure(bytes);
  if (typeof found !== "number") {
    return found === "more" && bytes.length >= MAX_CLIENT_HELLO_BYTES ? TOO_LONG : found;
  }
  return readHelloBody(joined(bytes, found).subarray(MESSAGE_HEADER_BYTES));
}

/** Length of the handshake message once all of it is there. Walks record headers only. */
function measure(bytes: Uint8Array): number | "more" | Refusal {
  let have = 0;
  let wanted = 0;
  const header: number[] = [];
  for (let at = 0; at + RECORD_HEADER_BYTES <= bytes.length;) {
    const length = (bytes[at + 3]! << 8) | bytes[at + 4]!;
    if (bytes[at] !== HANDSHAKE || bytes[at + 1] !== 3 || length === 0) return BAD_RECORD;
    if (length > MAX_CLIENT_HELLO_BYTES) return BAD_RECORD;
    const start = at + RECORD_HEADER_BYTES;
    const end = Math.min(start + length, bytes.length);
    for (let i = start; i < end && header.length < MESSAGE_HEADER_BYTES; i++) {
      header.push(bytes[i]!);
    }
    if (header.length > 0 && header[0] !== 1) return NOT_HELLO;
    if (header.length === MESSAGE_HEADER_BYTES) {
      wanted = MESSAGE_HEADER_BYTES + ((header[1]! << 16) | (header[2]! << 8) | header[3]!);
      if (wanted > MAX_CLIENT_HELLO_BYTES) return TOO_LONG;
    }
    have += end - start;
    if (wanted > 0 && have >= wanted) return wanted;
    at = start + length;
  }
  return "more";
}

/** The first `length` bytes of handshake data, without record headers. */
function joined(bytes: Uint8Array, length: number): Uint8Array {
  const message = new Uint8Array(length);
  let have = 0;
  for (let at = 0; have < length;) {
    const start = at + RECORD_HEADER_BYTES;
    const size = (bytes[at + 3]! << 8) | bytes[at + 4]!;
    const part = bytes.subarray(start, start + Math.min(size, length - have));
    message.set(part, have);
    have += part.length;
    at = start + size;
  }
  return message;
}

/** A TLS record: fatal alert unrecognized_name (RFC 6066 §3), for a server name that none serves. */
export const UNRECOGNIZED_NAME_ALERT: Uint8Array = Uint8Array.of(21, 3, 3, 0, 2, 2, 112);
