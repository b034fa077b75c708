import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { Clock } from "@warren/tunnel";

/** Addresses of a machine change seldom; asking for them costs a system call or more. */
const ASKED_MS = 60_000;

/**
 * Tells what leads to gateways: addresses of this machine, where agents dial gateways (`urls`), and
 * names below `domain`, which are the gateways' by DNS.
 */
export function ownPlaces(
  { urls, domain }: { urls: readonly string[]; domain: string | undefined },
  clock: Pick<Clock, "now">,
  addressesOf: () => readonly string[] = ownAddresses,
): (place: string) => boolean {
  const said = new Set(urls.flatMap((url) => hostOf(url) ?? []));
  let addresses = new Set<string>();
  let askedAt = -Infinity;
  return (place) => {
    if (said.has(place)) return true;
    if (isIP(place) === 0)
      return domain !== undefined && (place === domain || place.endsWith(`.${domain}`));
    if (clock.now() - askedAt >= ASKED_MS) {
      askedAt = clock.now();
      addresses = new Set(addressesOf().map(written));
    }
    return addresses.has(written(place));
  };
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map((one) => one.address));
}

function hostOf(url: string): string | undefined {
  return URL.parse(url)?.hostname.replace(/^\[|\]$/g, "");
}

/** One way of writing for each address. */
function written(address: string): string {
  return isIP(address) === 6
    ? (hostOf(`http://[${address.split("%", 1)[0]!}]`) ?? address)
    : address;
}
