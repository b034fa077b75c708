import { isIP } from "node:net";
import { CidrList } from "./cidr-list.ts";

/**
 * IPv4 that nobody reaches over the internet: IANA's special-purpose registry (RFC 6890), but for the
 * networks of documentation, which nobody has and examples use as public ones.
 */
const LOCAL = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10", // carrier NAT, RFC 6598
  "127.0.0.0/8",
  "168.63.129.16/32", // the platform of Azure, which its machines alone reach
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
const LOCAL_IPV4 = new CidrList(LOCAL);
/**
 * Global unicast, and IPv4 as DNS64 says it (NAT64, RFC 6052); unique local, link-local, loopback,
 * multicast and all the rest lie outside.
 */
const GLOBAL_IPV6 = new CidrList(["2000::/3", "64:ff9b::/96"]);
/**
 * In it, but local: what only protocols use (RFC 2928: Teredo, benchmarks, identifiers), and local
 * IPv4 addresses inside of IPv6 ones, by NAT64 or 6to4 (RFC 3056).
 */
const LOCAL_IPV6 = new CidrList(["2001::/23", ...LOCAL.flatMap(embedded)]);
const MAPPED_IPV6 = new CidrList(["::ffff:0.0.0.0/96"]);

/**
 * True for an address that the internet can reach, by its network alone. IPv4-mapped IPv6 addresses
 * are the IPv4 addresses that they are; others with one inside are judged by it. False for what is not a textual IP address, such as a name.
 */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  if (version === 4 || MAPPED_IPV6.has(address)) return !LOCAL_IPV4.has(address);
  return GLOBAL_IPV6.has(address) && !LOCAL_IPV6.has(address);
}

function embedded(cidr: string): string[] {
  const [address = "", bits] = cidr.split("/");
  const [a, b, c, d] = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return [
    `64:ff9b::${address}/${96 + Number(bits)}`,
    `2002:${a}${b}:${c}${d}::/${16 + Number(bits)}`,
  ];
}
