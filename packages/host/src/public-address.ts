import { isIP } from "node:net";
import { CidrList } from "./cidr-list.ts";

/**
 * IPv4 that nobody reaches over the internet: IANA's special-purpose registry (RFC 6890), but for the
 * networks of documentation, which nobody has and examples use as public ones.
 */
const LOCAL_IPV4 = new CidrList([
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10", // carrier NAT, RFC 6598
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/4",
  "240.0.0.0/4",
]);
/** Global unicast; unique local, link-local, loopback, multicast and all the rest lie outside. */
const GLOBAL_IPV6 = new CidrList(["2000::/3"]);
/** In it, but with an IPv4 address inside that may be a local one: 6to4 and Teredo. */
const EMBEDDING_IPV6 = new CidrList(["2002::/16", "2001::/32"]);
const MAPPED_IPV6 = new CidrList(["::ffff:0.0.0.0/96"]);

/**
 * True for an address that the internet can reach, by its network alone. IPv4-mapped IPv6 addresses
 * are the IPv4 addresses that they are. False for what is not a textual IP address, such as a name.
 */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  if (version === 4 || MAPPED_IPV6.has(address)) return !LOCAL_IPV4.has(address);
  return GLOBAL_IPV6.has(address) && !EMBEDDING_IPV6.has(address);
}
