import { HOST_NAME, readDecimal } from "./ascii.ts";
import { ipBytes } from "./ip.ts";

/** A Host value or an absolute-form's authority, checked. */
export interface Authority {
  /** Lower case, without port or a root's trailing dot; an IPv6 address keeps its brackets. */
  host: string;
  /** -1 when none was written. */
  port: number;
}

/**
 * Reads `host[:port]` (RFC 9110 §7.2). Narrower than RFC 3986: names of letters, digits, `-`, `_` and
 * single dots, IPv4, or an IPv6 address in brackets; a port that is written has a value of 1-65535.
 */
export function readAuthority(text: string): Authority | undefined {
  if (text.length > 300) return undefined;
  const hostEnd = text.charCodeAt(0) === 0x5b ? endOfIpv6(text) : endOfName(text);
  if (hostEnd <= 0) return undefined;
  let port = -1;
  if (hostEnd < text.length) {
    if (text.charCodeAt(hostEnd) !== 0x3a || text.length - hostEnd > 6) return undefined;
    port = readDecimal(text, hostEnd + 1);
    if (port < 1 || port > 65_535) return undefined;
  }
  const dot = text.charCodeAt(hostEnd - 1) === 0x2e ? 1 : 0;
  if (hostEnd === dot) return undefined;
  return { host: lowerCase(text.slice(0, hostEnd - dot)), port };
}

/** Index after a name without empty labels (a trailing dot may stand for the root), or -1. */
function endOfName(text: string): number {
  let at = 0;
  let before = 0x2e;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (HOST_NAME[code] !== 1) break;
    if (code === 0x2e && before === 0x2e) return -1;
    before = code;
  }
  return at;
}

/** Names are mostly written in lower case: looking is cheaper than converting. */
function lowerCase(text: string): string {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x41 && code <= 0x5a) return text.toLowerCase();
  }
  return text;
}

function endOfIpv6(text: string): number {
  const close = text.indexOf("]");
  if (close < 3) return -1;
  const inside = text.slice(1, close);
  return inside.includes(":") && ipBytes(inside) !== undefined ? close + 1 : -1;
}
