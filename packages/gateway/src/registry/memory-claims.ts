import type { Claim, RouteChange, RouteEntry } from "../ports.ts";
import { portPlace } from "../routes/host-pattern.ts";
import { HostTable } from "../routes/host-table.ts";
import { HOST_TAKEN, NO_PORT, type PortRange, type Refusal } from "./admission.ts";

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

  /** The place, claimed for the change's group if it was free. */
  take(host: string, change: RouteChange, since: number): ClaimedPlace | Refusal {
    const { group, clusterUuid, tokenId } = change;
    const place = this.places.get(host);
    if (place === undefined) return this.add({ host, group, clusterUuid, tokenId, since });
    if (place.claim.group !== group) return HOST_TAKEN;
    place.claim = { ...place.claim, tokenId };
    return place;
  }

  add(claim: Claim): ClaimedPlace {
    const table = new HostTable(claim.host);
    const place: ClaimedPlace = { claim, table, entries: new Set() };
    this.places.set(claim.host, place);
    return place;
  }

  /** Forgets the claim; its routes are the caller's to remove first. */
  drop(host: string): void {
    this.places.delete(host);
    for (const [owner, port] of this.chosenPorts) {
      if (portPlace(port) === host) this.chosenPorts.delete(owner);
    }
  }

  /** The port for a tcp route that names none: the one it had, else the first free one. */
  choosePort(owner: string, range: PortRange): number | Refusal {
    const had = this.chosenPorts.get(owner);
    if (had !== undefined) return had;
    for (let port = range.from; port <= range.to; port += 1) {
      if (this.places.has(portPlace(port))) continue;
      this.chosenPorts.set(owner, port);
      return port;
    }
    return NO_PORT;
  }
}
