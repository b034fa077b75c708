import { ipText } from "./ip.ts";
import { readProxyV1 } from "./proxy-v1.ts";
import { refused, type Refusal } from "./refusal.ts";

/** One end of a connection. */
export interface Endpoint {
  /** Textual IP address; IPv4-mapped IPv6 is written as IPv4. */
  address: string;
  port: number;
}
/** A PROXY protocol header that was read. */
export interface ProxyHeader {
  /** Bytes that it took. */
  bytes: number;
  /** Undefined for LOCAL and UNKNOWN: the connection speaks for itself. */
  source: Endpoint | undefined;
  destination: Endpoint | undefined;
}

/** Largest header read, bytes, TLVs included; balancers send a few hundred at most. */
export const MAX_PROXY_HEADER_BYTES = 4096;

/** First bytes of version 2: no other protocol begins so. */
export const PROXY_V2_SIGNATURE: Uint8Array = Uint8Array.of(
  0x0d,
  0x0a,
  0x0d,
  0x0a,
  0x00,
  0x0d,
  0x0a,
  0x51,
  0x55,
  0x49,
  0x54,
  0x0a,
);
/** Bytes before the addresses. */
export const PROXY_V2_HEADER_BYTES = 16;

const NO_HEADER = refused("no PROXY protocol header");
const BAD_VERSION = refused("PROXY protocol: neither version 1 nor 2, or an unknown command");
const TOO_LONG = refused("PROXY protocol: header too long");
const TOO_SHORT = refused("PROXY protocol: header too short for its addresses");
const LOCAL = 0x20;
const PROXY = 0x21;

/**
 * Reads a header at the start of `bytes` (the PROXY protocol specification of HAProxy, versions 1
 * and 2). Call again with more bytes after "more". TLVs are skipped; families other than TCP over
 * IPv4 and IPv6 count as unknown.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | "more" | Refusal {
  if (bytes.length === 0) return "more";
  if (bytes[0] === 0x50) return readProxyV1(bytes);
  const seen = Math.min(bytes.length, PROXY_V2_SIGNATURE.length);
  for (let i = 0; i < seen; i++) if (bytes[i] !== PROXY_V2_SIGNATURE[i]) return NO_HEADER;
  if (bytes.length > 12 && bytes[12] !== LOCAL && bytes[12] !== PROXY) return BAD_VERSION;
  if (bytes.length < PROXY_V2_HEADER_BYTES) return "more";
  const end = PROXY_V2_HEADER_BYTES + ((bytes[14]! << 8) | bytes[15]!);
  if (end > MAX_PROXY_HEADER_BYTES) return TOO_LONG;
  if (bytes.length < end) return "more";
  return readAddresses(bytes, end);
}

function readAddresses(bytes: Uint8Array, end: number): ProxyHeader | Refusal {
  const family = bytes[12] === LOCAL ? 0 : bytes[13]!;
  const size = family === 0x11 ? 4 : family === 0x21 ? 16 : 0;
  if (size === 0) return { bytes: end, source: undefined, destination: undefined };
  const ports = PROXY_V2_HEADER_BYTES + 2 * size;
  if (end < ports + 4) return TOO_SHORT;
  const at = PROXY_V2_HEADER_BYTES;
  return {
    bytes: end,
    source: endpoint(bytes.subarray(at, at + size), bytes, ports),
    destination: endpoint(bytes.subarray(at + size, ports), bytes, ports + 2),
  };
}

function endpoint(address: Uint8Array, bytes: Uint8Array, portAt: number): Endpoint {
  return { address: ipText(address), port: (bytes[portAt]! << 8) | bytes[portAt + 1]! };
}
