import type { Presence, RouteChange, RouteEntry } from "../ports.ts";
import type { Offer } from "./admission.ts";
import type { ClaimedPlace } from "./memory-claims.ts";
import { withoutRoom, type Quotas, type Room } from "./quotas.ts";

/** What the registry in memory has of one cluster. */
export interface Cluster {
  readonly uuid: string;
  revision: number | undefined;
  readonly routes: Map<string, Published>;
  /** Of all of them, as JSON. */
  bytes: number;
  /** Those of them that let nobody in. */
  readonly shut: Room;
  expiresAt: number;
  presence: Presence;
}

export interface Published {
  readonly place: ClaimedPlace;
  readonly entry: RouteEntry;
  /** What tells a change from a repetition. */
  readonly offer: Offer;
}

/** One of which nothing was heard until `since`. */
export function memoryCluster(uuid: string, since: number): Cluster {
  return {
    uuid,
    revision: undefined,
    routes: new Map(),
    bytes: 0,
    shut: { routes: 0, bytes: 0 },
    expiresAt: 0,
    presence: { online: false, since },
  };
}

/** What a message offers that finds no room in the cluster. */
export function refusedOf(
  { routes, bytes, shut }: Cluster,
  { action, offers }: Pick<RouteChange, "action"> & { offers: readonly Offer[] },
  quotas: Quotas,
): Set<Offer> {
  const had = (key: string) => routes.get(key)?.offer;
  const open = { routes: routes.size - shut.routes, bytes: bytes - shut.bytes };
  return withoutRoom(offers, { had, open, shut, isWhole: action === "sync" }, quotas);
}
