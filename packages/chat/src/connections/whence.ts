import type { IncomingMessage } from "node:http";

/**
 * True for a page's socket: browsers show a page no status, only 1006 for every refusal. They all say
 * where the page is from, and that they are one; other clients say one of both at most.
 */
export function isBrowser({ headers }: IncomingMessage): boolean {
  return headers.origin !== undefined && headers["user-agent"]?.startsWith("Mozilla/") === true;
}

/** Whoever has one IPv6 address has a /64 of them (RFC 6177). */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = ""] = address.split("%");
  const [left = "", right] = head.split("::");
  const groups = left === "" ? [] : left.split(":");
  const after = right === undefined || right === "" ? [] : right.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => "0");
  return [...groups, ...zeros, ...after].slice(0, 4).join(":");
}

/** The address that the client came to, for it to come back to. */
export function endpointOf({ headers, socket, url }: IncomingMessage): string {
  const said = headers["x-forwarded-proto"];
  const isSecure = "encrypted" in socket || said === "https" || said === "wss";
  const { pathname } = new URL(url ?? "/", "http://host");
  return `${isSecure ? "wss" : "ws"}://${headers.host ?? "localhost"}${pathname}`;
}
