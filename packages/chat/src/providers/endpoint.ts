import { BlockList, isIP } from "node:net";
import { bareHost } from "@warren/host";

const PRIVATE = new BlockList();
for (const [network, bits] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  PRIVATE.addSubnet(network, bits, "ipv4");
}
PRIVATE.addAddress("::1", "ipv6");
PRIVATE.addSubnet("fc00::", 7, "ipv6");

const PRIVATE_NAMES = [".local", ".internal", ".svc", ".cluster.local"];

/**
 * A provider's endpoint as a URL, or what is wrong with it, without the text itself, which may hold a
 * password. `https`, or `http` where the way there is private: loopback and private addresses, names
 * without a dot or under `.local`, `.internal`, `.svc`, `.cluster.local` (L-3).
 */
export function readEndpoint(text: string): URL | { problem: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["https:", "http:"].includes(url.protocol)) {
    return { problem: "expected a URL that starts with https:// or http://" };
  }
  if (`${url.username}${url.password}` !== "")
    return { problem: "a key does not belong in the URL" };
  if (`${url.search}${url.hash}` !== "") return { problem: "expected a URL without ? and #" };
  if (url.protocol === "http:" && !isPrivate(bareHost(url.hostname))) {
    return { problem: "http is for private addresses and names; use https" };
  }
  return url;
}

function isPrivate(host: string): boolean {
  const family = isIP(host);
  if (family !== 0) return PRIVATE.check(host, family === 6 ? "ipv6" : "ipv4");
  const name = host.replace(/\.$/, "");
  return !name.includes(".") || PRIVATE_NAMES.some((suffix) => name.endsWith(suffix));
}
