import { BlockList, isIP } from "node:net";

/** What is wrong with a CIDR or single address, in words for who wrote it; undefined when nothing. */
export function cidrProblem(text: string): string | undefined {
  return parse(text) === undefined ? `"${text}" is neither an address nor a CIDR` : undefined;
}

/**
 * A set of networks: `10.0.0.0/8`, `2001:db8::/32`, single addresses. IPv4-mapped IPv6 addresses
 * are the IPv4 addresses that they are, both in the list and when asked for. What is no CIDR is left
 * out, so a misspelt list lets fewer in, never more; `cidrProblem` tells before it comes to that.
 */
export class CidrList {
  readonly #networks = new BlockList();

  constructor(cidrs: readonly string[]) {
    for (const text of cidrs) {
      const cidr = parse(text);
      if (cidr !== undefined)
        this.#networks.addSubnet(cidr.address, cidr.bits, family(cidr.address));
    }
  }

  /** False for what is not a textual IP address. */
  has(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#networks.check(address, version === 4 ? "ipv4" : "ipv6");
  }
}

function parse(text: string): { address: string; bits: number } | undefined {
  const [written = "", bitsText, ...more] = text.split("/");
  if (more.length > 0 || (bitsText !== undefined && !/^\d{1,3}$/.test(bitsText))) return undefined;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(written)?.[1];
  const address = mapped ?? written;
  const version = isIP(address);
  if (version === 0 || written.includes("%")) return undefined;
  const most = version === 4 ? 32 : 128;
  const bits = bitsText === undefined ? most : Number(bitsText) - (mapped === undefined ? 0 : 96);
  return bits >= 0 && bits <= most ? { address, bits } : undefined;
}

function family(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}
