import { BlockList, isIP } from "node:net";

/** Longest that a frame may carry. */
const MOST_URL = 2_048;

/** What is not on the public internet (IANA's special-purpose registries). */
const NOT_PUBLIC = new BlockList();
for (const [range, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  NOT_PUBLIC.addSubnet(range, bits, "ipv4");
}
/** Also those that carry an IPv4 address within, which leads wherever that one does. */
for (const [range, bits] of [
  ["::", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const) {
  NOT_PUBLIC.addSubnet(range, bits, "ipv6");
}

/** Names that are answered by the own machine or network. */
const LOCAL_NAME =
  /(^|\.)(localhost|local|internal|lan|home|corp|intranet|private|svc|home\.arpa)\.?$/;

export type UrlProblem = "too long" | "no URL" | "not https" | "credentials" | "not public";

/**
 * What is wrong with a URL that points elsewhere, as far as the URL itself says (chatbox.md §2.6);
 * undefined: nothing. We never fetch it, so no name is resolved: what it leads to may change at any time.
 */
export function foreignUrlProblem(text: string): UrlProblem | undefined {
  if (Buffer.byteLength(text) > MOST_URL) return "too long";
  // The parser drops these silently: what is shown and what is meant would differ.
  if (!URL.canParse(text) || /[\s\p{Cc}\\]/u.test(text)) return "no URL";
  const url = new URL(text);
  if (url.protocol !== "https:") return "not https";
  if (url.username !== "" || url.password !== "") return "credentials";
  return isPublicHost(url.hostname) ? undefined : "not public";
}

/** The parser has written addresses in their one form by now: `0x7f.1` is 127.0.0.1. */
function isPublicHost(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const version = isIP(host);
  if (version !== 0) {
    const mapped = /^::ffff:/i.test(host);
    return !mapped && !NOT_PUBLIC.check(host, version === 4 ? "ipv4" : "ipv6");
  }
  return host.includes(".") && !LOCAL_NAME.test(host);
}
