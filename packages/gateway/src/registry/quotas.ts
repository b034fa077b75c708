/** How much one cluster or claim group may have in a registry. */
export interface Quotas {
  /** Routes of a cluster, and the JSON of all of them. */
  clusterRoutes: number;
  clusterBytes: number;
  /** The JSON of one route. */
  routeBytes: number;
  /** Hosts, and public ports, that a group holds, with routes or without. */
  groupClaims: number;
  groupPorts: number;
}

const ENDLESS = Number.MAX_SAFE_INTEGER;

/** For a registry that nobody shares with strangers. */
export const NO_QUOTAS: Quotas = {
  clusterRoutes: ENDLESS,
  clusterBytes: ENDLESS,
  routeBytes: ENDLESS,
  groupClaims: ENDLESS,
  groupPorts: ENDLESS,
};

/** A route by what counts. */
export interface Sized {
  readonly key: string;
  readonly bytes: number;
}

/** What a cluster has: the bytes of one route by its key, and how much it is together. */
export interface Holding {
  had: (key: string) => number | undefined;
  routes: number;
  bytes: number;
}

/**
 * Which of a message's routes find no room in their cluster. Those that it has come first, so that
 * what is new drives nothing out, then the new ones in the order of `wanted`, in which namespaces take
 * turns (`permitted`). What takes no more
 * room than before always has it, also when a quota was lowered. `ADMIT` of the registry in Redis is
 * the same in Lua.
 */
export function withoutRoom<T extends Sized>(
  wanted: readonly T[],
  { had, routes, bytes }: Holding,
  quotas: Pick<Quotas, "clusterRoutes" | "clusterBytes">,
): Set<T> {
  const judged = new Map<string, number>();
  const refused = new Set<T>();
  const judge = (one: T): void => {
    const before = judged.get(one.key) ?? had(one.key);
    const more = one.bytes - (before ?? 0);
    const tooMany = before === undefined && routes >= quotas.clusterRoutes;
    const tooMuch = more > 0 && bytes + more > quotas.clusterBytes;
    if (tooMany || tooMuch) return void refused.add(one);
    judged.set(one.key, one.bytes);
    if (before === undefined) routes += 1;
    bytes += more;
  };
  const isKnown = new Set(wanted.filter(({ key }) => had(key) !== undefined));
  for (const one of wanted) if (isKnown.has(one)) judge(one);
  for (const one of wanted) if (!isKnown.has(one)) judge(one);
  return refused;
}

/** What stays of a cluster's routes when `wanted` replaces them all. */
export function stayingOf(wanted: readonly Sized[], had: Holding["had"]): Holding {
  const keys = new Set(wanted.map(({ key }) => key));
  const sizes = [...keys].map(had).filter((size) => size !== undefined);
  return { had, routes: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
