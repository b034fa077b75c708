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

/** A claimed host or public port, with its routes if it has any. */
export interface ClaimedPlace {
  claim: Claim;
  readonly table: HostTable;
  readonly entries: Set<RouteEntry>;
}

/** Hosts and ports with their owners: the first keeps a place until it is released. */
export class MemoryClaims {
  readonly places = new Map<string, ClaimedPlace>();
  /** Ports that were chosen here, by cluster and route key: a route that comes back gets its own. */
  readonly chosenPorts = new Map<string, number>();
  readonly #quotas: Pick<Quotas, "groupClaims" | "groupPorts">;
  /** Hosts and ports that a group holds. */
  readonly #held = new Map<string, Held>();

  constructor(quotas: Pick<Quotas, "groupClaims" | "groupPorts">) {
    this.#quotas = quotas;
  }

  /** The place, claimed for the change's group if it was free. */
  take(host: string, change: RouteChange, since: number): ClaimedPlace | Refusal {
    const { group, clusterUuid, tokenId } = change;
    const place = this.places.get(host);
    const isBorrowed = change.isBorrowed?.(host) === true;
    if (place === undefined) {
      const refusal = this.#refusal(host, group);
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

  add(claim: Claim): ClaimedPlace {
    const table = new HostTable(claim.host);
    const place: ClaimedPlace = { claim, table, entries: new Set() };
    this.places.set(claim.host, place);
    this.#count(claim, 1);
    return place;
  }

  /** Forgets the claim; its routes are the caller's to remove first. */
  drop(host: string): void {
    const place = this.places.get(host);
    if (place !== undefined) this.#count(place.claim, -1);
    this.places.delete(host);
    for (const [owner, port] of this.chosenPorts) {
      if (portPlace(port) === host) this.chosenPorts.delete(owner);
    }
  }

  /** The port for a tcp route that names none: the one it had, else the first free one. */
  choosePort(owner: string, group: string, range: PortRange): number | Refusal {
    const had = this.chosenPorts.get(owner);
    if (had !== undefined) return had;
    const full = this.#refusal(portPlace(range.from), group);
    if (full !== undefined) return full;
    for (let port = range.from; port <= range.to; port += 1) {
      if (this.places.has(portPlace(port))) continue;
      this.chosenPorts.set(owner, port);
      return port;
    }
    return NO_PORT;
  }

  /** Why the group may not claim one place more. */
  #refusal(place: string, group: string): Refusal | undefined {
    const { hosts, ports } = this.#held.get(group) ?? NONE;
    const { groupClaims, groupPorts } = this.#quotas;
    if (portOfPlace(place) !== undefined) return ports < groupPorts ? undefined : NO_MORE_PORTS;
    return hosts < groupClaims ? undefined : NO_CLAIM;
  }

  #count({ group, host }: Claim, places: number): void {
    const held = { ...(this.#held.get(group) ?? NONE) };
    if (portOfPlace(host) === undefined) held.hosts += places;
    else held.ports += places;
    if (held.hosts + held.ports > 0) this.#held.set(group, held);
    else this.#held.delete(group);
  }
}

interface Held {
  hosts: number;
  ports: number;
}
const NONE: Readonly<Held> = { hosts: 0, ports: 0 };
