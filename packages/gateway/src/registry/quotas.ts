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
  readonly namespace: string;
  /** It lets nobody in. */
  readonly isShut: boolean;
}

/** So many routes, and their bytes together. */
export interface Room {
  routes: number;
  bytes: number;
}

/** What a cluster has: each route by its key, and how much of it is open and how much is shut. */
export interface Holding {
  had: (key: string) => Pick<Sized, "bytes" | "isShut"> | undefined;
  open: Room;
  shut: Room;
}

/** How much of a quota may be open, and how much may be shut beside that. */
const OPEN = 1;
const SHUT = 2;

/**
 * Which of a message's routes, each of a key of its own, find no room in their cluster. What a message adds or changes drives nothing
 * out: routes that are there come first. A snapshot (`isWhole`) is judged in turns of the namespaces, and
 * within one what is there comes first: a namespace that has very many gives way to the others, and nothing
 * goes to and fro when the same snapshot comes again (docs/decisions/0426). What is there always has room together, also when a
 * quota was lowered. Open routes and shut places have rooms of their own, and neither takes any of the
 * other's; a route that was the other is new (docs/decisions/0428). `ADMIT` of the registry in Redis is the same in Lua.
 */
export function withoutRoom<T extends Sized>(
  wanted: readonly T[],
  { had, open, shut, isWhole }: Holding & { isWhole: boolean },
  { clusterRoutes, clusterBytes }: Pick<Quotas, "clusterRoutes" | "clusterBytes">,
): Set<T> {
  const refused = new Set<T>();
  const isKnown = new Set(wanted.filter(({ key, isShut }) => had(key)?.isShut === isShut));
  const purse = (times: number, held: Room) => {
    const most = { routes: times * clusterRoutes, bytes: times * clusterBytes };
    return { most, used: isWhole ? { routes: 0, bytes: 0 } : { ...held } };
  };
  const purses = { open: purse(OPEN, open), shut: purse(SHUT, shut) };
  const purseOf = ({ isShut }: Pick<Sized, "isShut">) => (isShut ? purses.shut : purses.open);
  const judge = (one: T): void => {
    const { most, used } = purseOf(one);
    const before = isWhole ? undefined : had(one.key);
    const same = before?.isShut === one.isShut ? before : undefined;
    const more = one.bytes - (same?.bytes ?? 0);
    const tooMany = same === undefined && used.routes >= most.routes;
    const tooMuch = more > 0 && used.bytes + more > most.bytes;
    if (tooMany || tooMuch) return void refused.add(one);
    if (before !== undefined) count(purseOf(before).used, before, -1);
    count(used, one, 1);
  };
  if (isWhole) {
    for (const isShut of [false, true]) {
      const known = [...isKnown].filter((one) => one.isShut === isShut);
      widen(purseOf({ isShut }).most, sumOf(known.map(({ key }) => had(key)!)));
      const some = wanted.filter((one) => one.isShut === isShut);
      for (const one of inTurns(some, isKnown)) judge(one);
    }
  } else {
    for (const one of wanted) if (isKnown.has(one)) judge(one);
    for (const one of wanted) if (!isKnown.has(one)) judge(one);
  }
  return refused;
}

/** Counts a route in (1) or out (-1). */
export function count(room: Room, { bytes }: Pick<Sized, "bytes">, by: 1 | -1): void {
  room.routes += by;
  room.bytes += by * bytes;
}

export function sumOf(all: readonly Pick<Sized, "bytes">[]): Room {
  return { routes: all.length, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Of one turn, too, what is there comes first; else in the order of `wanted`, in which a namespace's oldest are first. */
function inTurns<T extends Sized>(wanted: readonly T[], isKnown: ReadonlySet<T>): T[] {
  const had = new Map<string, number>();
  const turns: T[][][] = [];
  for (const [at, known] of [true, false].entries())
    for (const one of wanted) {
      if (isKnown.has(one) !== known) continue;
      const turn = had.get(one.namespace) ?? 0;
      had.set(one.namespace, turn + 1);
      (turns[turn] ??= [[], []])[at]!.push(one);
    }
  return turns.flat(2);
}

function widen(room: Room, least: Room): void {
  room.routes = Math.max(room.routes, least.routes);
  room.bytes = Math.max(room.bytes, least.bytes);
}
