import { ipBytes, ipText, mappedBytes } from "./ip.ts";
import { type Endpoint, PROXY_V2_HEADER_BYTES, PROXY_V2_SIGNATURE } from "./proxy-protocol.ts";

/** Both addresses in the family that has room for both, or undefined when one is not an address. */
function addresses(source: Endpoint, destination: Endpoint) {
  const from = ipBytes(source.address);
  const to = ipBytes(destination.address);
  if (from === undefined || to === undefined) return undefined;
  return from.length === to.length
    ? { from, to }
    : { from: mappedBytes(from), to: mappedBytes(to) };
}

/** A version 1 line with its CR LF; UNKNOWN when an address is not an IP address. */
export function proxyV1(source: Endpoint, destination: Endpoint): string {
  const pair = addresses(source, destination);
  if (pair === undefined) return "PROXY UNKNOWN\r\n";
  const ports = `${source.port} ${destination.port}\r\n`;
  if (pair.from.length === 4) {
    return `PROXY TCP4 ${source.address} ${destination.address} ${ports}`;
  }
  return `PROXY TCP6 ${ipv6Text(pair.from)} ${ipv6Text(pair.to)} ${ports}`;
}

/** A TCP6 line must not hold an address that reads as IPv4. */
function ipv6Text(bytes: Uint8Array): string {
  const text = ipText(bytes);
  return text.includes(":") ? text : `::ffff:${text}`;
}

/** A version 2 header without TLVs; LOCAL when an address is not an IP address. */
export function proxyV2(source: Endpoint, destination: Endpoint): Uint8Array {
  const pair = addresses(source, destination);
  const size = pair?.from.length ?? 0;
  const length = pair === undefined ? 0 : 2 * size + 4;
  const bytes = new Uint8Array(PROXY_V2_HEADER_BYTES + length);
  bytes.set(PROXY_V2_SIGNATURE);
  bytes[12] = pair === undefined ? 0x20 : 0x21;
  bytes[13] = size === 0 ? 0 : size === 4 ? 0x11 : 0x21;
  bytes[15] = length;
  if (pair === undefined) return bytes;
  bytes.set(pair.from, 16);
  bytes.set(pair.to, 16 + size);
  writePort(bytes, 16 + 2 * size, source.port);
  writePort(bytes, 18 + 2 * size, destination.port);
  return bytes;
}

function writePort(bytes: Uint8Array, at: number, port: number): void {
  bytes[at] = port >>> 8;
  bytes[at + 1] = port;
}
