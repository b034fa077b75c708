import { LRUCache } from "lru-cache";
import type { Route } from "@warren/wire";
import type { RouteChange, RouteEntry } from "../../ports.ts";
import { portOfPlace } from "../../routes/host-pattern.ts";
import { offerOf, type Offer } from "../admission.ts";
import { sumOf, type Holding } from "../quotas.ts";
import { HostTable } from "../../routes/host-table.ts";

/** What a cluster last published through this gateway. */
export interface OwnCluster {
  /** The last message, without its routes: who says so, and what its token allows. */
  said: Omit<RouteChange, "routes">;
  revision: number | undefined;
  /** True once a whole snapshot came here: what it leaves out may be removed. */
  complete: boolean;
  readonly places: Map<string, Map<string, Route>>;
  /** True while Redis may not have all of it. */
  dirty: boolean;
  /** Monotonic: the last message or heartbeat, and the last time that Redis was told. */
  heardAt: number;
  renewedAt: number;
}

/**
 * The routes of this gateway's own tunnels. They are what is written again when Redis comes back
 * empty, and what answers while it is away.
 */
export class OwnRoutes {
  readonly clusters = new Map<string, OwnCluster>();
  readonly #tables = new LRUCache<string, HostTable>({ max: 10_000 });

  /** The cluster as of a message, its routes as they were. */
  hear({ routes: _routes, ...said }: RouteChange, now: number): OwnCluster {
    const own = this.clusters.get(said.clusterUuid);
    if (own !== undefined) {
      own.said = said;
      own.heardAt = now;
      return own;
    }
    const fresh: OwnCluster = {
      said,
      revision: undefined,
      complete: false,
      places: new Map(),
      dirty: false,
      heardAt: now,
      renewedAt: -Infinity,
    };
    this.clusters.set(said.clusterUuid, fresh);
    return fresh;
  }

  /** Forgets clusters that nobody spoke for since `before`. */
  sweep(before: number): void {
    for (const [uuid, own] of this.clusters) {
      if (own.heardAt >= before) continue;
      this.clusters.delete(uuid);
      this.#tables.clear();
    }
  }

  /** Applies a change of one place. */
  remember(own: OwnCluster, place: string, { mode, routes }: PlaceChange): void {
    this.#tables.delete(place);
    const before = mode === "replace" ? undefined : own.places.get(place);
    const known = before ?? new Map<string, Route>();
    for (const [key, route] of routes) {
      if (mode === "remove") known.delete(key);
      else known.set(key, route);
    }
    if (known.size > 0) own.places.set(place, known);
    else own.places.delete(place);
  }

  /** The place was given up. */
  forget(own: OwnCluster, place: string): void {
    own.places.delete(place);
    this.#tables.delete(place);
  }

  /** The routes of one place as far as this gateway knows them; undefined for none. */
  tableOf(place: string): HostTable | undefined {
    const made = this.#tables.get(place) ?? this.#makeTable(place);
    if (made !== undefined) this.#tables.set(place, made);
    return made;
  }

  #makeTable(place: string): HostTable | undefined {
    let table: HostTable | undefined;
    for (const own of this.clusters.values()) {
      const routes = own.places.get(place);
      if (routes === undefined) continue;
      table ??= new HostTable(place);
      for (const [key, route] of routes) table.put(entryOf(own, place, key, route));
    }
    return table;
  }
}

/** How a message changes one place of a cluster. */
export interface PlaceChange {
  readonly mode: "replace" | "merge" | "remove";
  readonly routes: Map<string, Route>;
}

export function countOf(own: OwnCluster): number {
  let count = 0;
  for (const routes of own.places.values()) count += routes.size;
  return count;
}

/** How large its routes are. */
export function holdingOf(own: OwnCluster): Holding {
  const all = new Map<string, Offer>();
  for (const routes of own.places.values())
    for (const route of routes.values()) {
      const offer = offerOf(route);
      all.set(offer.key, offer);
    }
  const offers = [...all.values()];
  return {
    had: (key) => all.get(key),
    open: sumOf(offers.filter(({ isShut }) => !isShut)),
    shut: sumOf(offers.filter(({ isShut }) => isShut)),
  };
}

function entryOf(own: OwnCluster, place: string, key: string, route: Route): RouteEntry {
  const { clusterUuid, group } = own.said;
  const revision = own.revision ?? 0;
  const publicPort = portOfPlace(place);
  return { clusterUuid, group, key, route, revision, updatedAt: 0, publicPort };
}

/** All of a cluster as one message, to be written again. */
export function snapshotOf(own: OwnCluster): RouteChange {
  const routes = [...own.places.values()].flatMap((one) => [...one.values()]);
  const action = own.complete ? "sync" : "add";
  return { ...own.said, action, revision: own.revision, routes };
}

export const NOTHING: PlaceChange = { mode: "replace", routes: new Map() };

/** The part of a message that is about one place. */
export function partOf(
  places: Map<string, PlaceChange>,
  place: string,
  change: RouteChange,
): PlaceChange {
  const known = places.get(place);
  if (known !== undefined) return known;
  const mode =
    change.action === "sync" ? "replace" : change.action === "delete" ? "remove" : "merge";
  const part: PlaceChange = { mode, routes: new Map() };
  places.set(place, part);
  return part;
}

/** Adds places that a snapshot leaves out, to be emptied. */
export function addAbsent(places: Map<string, PlaceChange>, had: Iterable<string>): void {
  for (const place of had) if (!places.has(place)) places.set(place, NOTHING);
}

/** Where the cluster has this route. */
export function knownPlace(own: OwnCluster, key: string): string | undefined {
  for (const [place, routes] of own.places) if (routes.has(key)) return place;
  return undefined;
}

export function textOf(own: OwnCluster, place: string): string {
  return JSON.stringify([...(own.places.get(place) ?? [])]);
}
