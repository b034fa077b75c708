import type { Claim, RouteChange, RouteEntry } from "../ports.ts";
import { portOfPlace, portPlace } from "../routes/host-pattern.ts";
import { HostTable } from "../routes/host-table.ts";
import {
  HOST_TAKEN,
  NO_CLAIM,
  NO_MORE_PORTS,
  NO_PORT,
  type PortRange,
  type Refusal,
} from "./admission.ts";
import type { Quotas } from "./quotas.ts";
import {
  isAwaited,
  lapseOf,
  leftBy,
  LOOK_AGAIN_MS,
  nextOf,
  spareOf,
  type Lapse,
  type Unused,
} from "./spare-claims.ts";

/** A claimed host or public port, with its routes if it has any. */
export interface ClaimedPlace {
  claim: Claim;
  readonly table: HostTable;
  readonly entries: Set<RouteEntry>;
  /** While it has none. */
  unused: Unused | undefined;
  /** Until that cluster has routes there again. */
  lapse: Lapse | undefined;
}

/** A claim as it outlives a restart, by which what has routes is left by who has them. */
export type KeptClaim = Claim & { unused?: Unused };

export interface MemoryClaimsOptions {
  quotas: Pick<Quotas, "groupClaims" | "groupPorts">;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/**
 * Hosts and ports with their owners: the first keeps a place until it is released, or until its own
 * group is full and needs the room (spare-claims.ts).
 */
export class MemoryClaims {
  readonly places = new Map<string, ClaimedPlace>();
  /** Ports that were chosen here, by cluster and route key: a route that comes back gets its own. */
  readonly chosenPorts = new Map<string, number>();
  readonly #options: MemoryClaimsOptions;
  readonly #hosts = new Map<string, Held>();
  readonly #ports = new Map<string, Held>();

  constructor(options: MemoryClaimsOptions) {
    this.#options = options;
  }

  /** The place, claimed for the change's group if it was free. */
  take(host: string, change: RouteChange, since: number): ClaimedPlace | Refusal {
    const { group, clusterUuid, tokenId } = change;
    const place = this.places.get(host);
    const isBorrowed = change.isBorrowed?.(host) === true;
    if (place === undefined) {
      const refusal = this.#makeRoom(host, group);
      const fresh = { host, group, clusterUuid, tokenId, since };
      return refusal ?? this.add(isBorrowed ? { ...fresh, borrowed: true } : fresh);
    }
    if (place.claim.group !== group) return HOST_TAKEN;
    const { borrowed, ...claim } = place.claim;
    const stays = borrowed === true && isBorrowed;
    place.claim = { ...claim, tokenId, ...(stays && { borrowed }) };
    return place;
  }

  /** Whether another group only borrows the place, and this one does not. */
  givesWay(host: string, { group, isBorrowed }: RouteChange): boolean {
    const claim = this.places.get(host)?.claim;
    return claim?.borrowed === true && claim.group !== group && isBorrowed?.(host) !== true;
  }

  /** A new claim, without routes until `use`. */
  add(claim: Claim): ClaimedPlace {
    const table = new HostTable(claim.host);
    const entries = new Set<RouteEntry>();
    const place: ClaimedPlace = { claim, table, entries, unused: undefined, lapse: undefined };
    this.places.set(claim.host, place);
    this.#heldBy(claim.host, claim.group).places += 1;
    return place;
  }

  /** A claim of before a restart: whoever had routes there has a day to come back, also if nobody says who. */
  restore({ unused, ...claim }: KeptClaim): void {
    const place = this.add(claim);
    if (unused?.withdrawn === true) return this.#rest(place, unused);
    const since = this.#options.wallClock();
    place.lapse = { since, clusterUuid: unused?.clusterUuid ?? "" };
    this.#rest(place, leftBy(place.lapse));
  }

  kept(): KeptClaim[] {
    const now = this.#options.wallClock();
    return [...this.places.values()].map((place) => {
      const { claim, unused } = place;
      const { since } = claim;
      const left = () => leftBy({ since, clusterUuid: serverOf(place, now) });
      return { ...claim, unused: unused ?? left() };
    });
  }

  /** Puts a route into a place. */
  use(place: ClaimedPlace, entry: RouteEntry): void {
    place.entries.add(entry);
    if (place.lapse?.clusterUuid === entry.clusterUuid) place.lapse = undefined;
    if (place.unused === undefined) return;
    place.unused = undefined;
    const { host, group } = place.claim;
    this.#heldBy(host, group).unused.delete(place);
  }

  /** Takes a route out of a place: its cluster withdrew it, or is away. */
  leave(place: ClaimedPlace, entry: RouteEntry, withdrawn: boolean): void {
    place.entries.delete(entry);
    const { clusterUuid, route } = entry;
    const since = this.#options.wallClock();
    if (!withdrawn) place.lapse = lapseOf(place.lapse, { since, clusterUuid });
    if (place.entries.size > 0) return;
    if (isAwaited(place.lapse, since)) this.#rest(place, leftBy(place.lapse));
    else this.#rest(place, { since, clusterUuid, namespace: route.namespace, withdrawn });
  }

  /** Forgets the claim; its routes are the caller's to remove first. */
  drop(host: string): void {
    const place = this.places.get(host);
    if (place === undefined) return;
    this.places.delete(host);
    const { group } = place.claim;
    const held = this.#heldBy(host, group);
    held.places -= 1;
    held.unused.delete(place);
    const port = portOfPlace(host);
    if (held.places === 0) (port === undefined ? this.#hosts : this.#ports).delete(group);
    if (port === undefined) return;
    for (const [owner, chosen] of this.chosenPorts) {
      if (chosen === port) this.chosenPorts.delete(owner);
    }
  }

  /** The port for a tcp route that names none: the one it had, else the first free one. */
  choosePort(owner: string, group: string, range: PortRange): number | Refusal {
    const had = this.chosenPorts.get(owner);
    if (had !== undefined) return had;
    const full = this.#makeRoom(portPlace(range.from), group);
    if (full !== undefined) return full;
    for (let port = range.from; port <= range.to; port += 1) {
      if (this.places.has(portPlace(port))) continue;
      this.chosenPorts.set(owner, port);
      return port;
    }
    return NO_PORT;
  }

  /** Places without routes: those of one cluster, or of all but who has not been away for long. */
  unused(clusterUuid: string | undefined): string[] {
    if (clusterUuid === "") return [];
    const all = sparesOf(this.places.values());
    const when = { now: this.#options.wallClock(), most: 0 };
    const mine = all.filter((one) => one.clusterUuid === clusterUuid);
    return (clusterUuid === undefined ? spareOf(all, when) : mine).map(({ host }) => host);
  }

  /** Room for one place more, if need be what one gives up that the group does not use; or why there is none. */
  #makeRoom(place: string, group: string): Refusal | undefined {
    const { groupClaims, groupPorts } = this.#options.quotas;
    const isPort = portOfPlace(place) !== undefined;
    const most = isPort ? groupPorts : groupClaims;
    const held = (isPort ? this.#ports : this.#hosts).get(group) ?? emptyHeld();
    while (held.places >= most) {
      const host = this.#nextSpare(held, most);
      if (host === undefined) return isPort ? NO_MORE_PORTS : NO_CLAIM;
      this.drop(host);
    }
    return undefined;
  }

  #nextSpare(held: Held, most: number): string | undefined {
    for (;;) {
      const next = held.spare.pop();
      if (next === undefined) {
        const now = this.#options.wallClock();
        // The time may be corrected, to either side.
        if (Math.abs(now - held.lookedAt) < LOOK_AGAIN_MS) return undefined;
        held.spare = nextOf(spareOf(sparesOf(held.unused), { now, most }), 1).toReversed();
        if (held.spare.length > 0) continue;
        held.lookedAt = now;
        return undefined;
      }
      // It may have had routes meanwhile, or be another's.
      if (this.places.get(next.host)?.unused === next.unused) return next.host;
    }
  }

  #rest(place: ClaimedPlace, unused: Unused): void {
    place.unused = unused;
    const held = this.#heldBy(place.claim.host, place.claim.group);
    held.unused.add(place);
    held.lookedAt = -Infinity;
  }

  #heldBy(place: string, group: string): Held {
    const all = portOfPlace(place) === undefined ? this.#hosts : this.#ports;
    const held = all.get(group) ?? emptyHeld();
    all.set(group, held);
    return held;
  }
}

/** The hosts of a group, or its ports. */
interface Held {
  places: number;
  readonly unused: Set<ClaimedPlace>;
  /** Some of them, in the order in which they go, the first one last. */
  spare: Spare[];
  /** When nothing was spare, unless something has no routes since. */
  lookedAt: number;
}

interface Spare extends Unused {
  readonly host: string;
  readonly unused: Unused;
}

/** Who alone has routes there, and is alone waited for; "" for several. */
function serverOf({ entries, lapse }: ClaimedPlace, now: number): string {
  const [first] = entries;
  const uuid = first?.clusterUuid ?? "";
  for (const { clusterUuid } of entries) if (clusterUuid !== uuid) return "";
  return isAwaited(lapse, now) && lapse.clusterUuid !== uuid ? "" : uuid;
}

function sparesOf(places: Iterable<ClaimedPlace>): Spare[] {
  const spare: Spare[] = [];
  for (const { claim, unused } of places)
    if (unused !== undefined) spare.push({ ...unused, host: claim.host, unused });
  return spare;
}

function emptyHeld(): Held {
  return { places: 0, unused: new Set(), spare: [], lookedAt: -Infinity };
}
