/** How much one cluster or claim group may have in a registry. */
export interface Quotas {
  /** Routes of a cluster, and the JSON of all of them. */
  clusterRoutes: number;
  clusterBytes: number;
  /** The JSON of one route. */
  routeBytes: number;
  /** Hosts and public ports that a group holds, with routes or without. */
  groupClaims: number;
  groupPorts: number;
}

/** For a registry that nobody shares with strangers. */
export const NO_QUOTAS: Quotas = {
  clusterRoutes: Number.MAX_SAFE_INTEGER,
  clusterBytes: Number.MAX_SAFE_INTEGER,
  routeBytes: Number.MAX_SAFE_INTEGER,
  groupClaims: Number.MAX_SAFE_INTEGER,
  groupPorts: Number.MAX_SAFE_INTEGER,
};

/** A route of a message, by what counts. */
export interface Sized {
  readonly key: string;
  readonly bytes: number;
}

export type Room = Pick<Quotas, "clusterRoutes" | "clusterBytes">;

/**
 * Which routes of a message find no room in their cluster. Those that it has come first, so that what
 * is new drives nothing out; then the new ones in the order of the message. `held` is what it has, in
 * bytes by key, without what the message removes; it is left as it will be. What needs no more room
 * than before always has it, also above a quota that was lowered. (`ADMIT` in redis/scripts.ts is the
 * same in Lua.)
 */
export function withoutRoom<T extends Sized>(
  wanted: readonly T[],
  held: Map<string, number>,
  room: Room,
): Set<T> {
  let bytes = held.values().reduce((sum, size) => sum + size, 0);
  const refused = new Set<T>();
  const judge = (one: T): void => {
    const had = held.get(one.key);
    const more = one.bytes - (had ?? 0);
    const tooMany = had === undefined && held.size >= room.clusterRoutes;
    const tooLarge = more > 0 && bytes + more > room.clusterBytes;
    if (tooMany || tooLarge) return void refused.add(one);
    held.set(one.key, one.bytes);
    bytes += more;
  };
  const [known, fresh] = [true, false].map((is) =>
    wanted.filter(({ key }) => held.has(key) === is),
  );
  for (const one of [...known!, ...fresh!]) judge(one);
  return refused;
}
