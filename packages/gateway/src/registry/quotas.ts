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

/** What a cluster has: the bytes of one route by its key, and how much it is together. */
export interface Holding {
  had: (key: string) => number | undefined;
  routes: number;
  bytes: number;
}
interface Room {
  routes: number;
  bytes: number;
}

/**
 * Which of a message's routes, each of a key of its own, find no room in their cluster. What a message adds or changes drives nothing
 * out: routes that are there come first. A snapshot (`isWhole`) is judged in turns of the namespaces, and
 * within one what is there comes first: a namespace that has very many gives way to the others, and nothing
 * goes to and fro when the same snapshot comes again (docs/decisions/0426). What is there always has room together, also when a
 * quota was lowered. Shut places come last and have as much room again, so that what is open does not
 * keep them out (docs/decisions/0428). `ADMIT` of the registry in Redis is the same in Lua.
 */
export function withoutRoom<T extends Sized>(
  wanted: readonly T[],
  { had, routes, bytes, isWhole }: Holding & { isWhole: boolean },
  { clusterRoutes, clusterBytes }: Pick<Quotas, "clusterRoutes" | "clusterBytes">,
): Set<T> {
  const refused = new Set<T>();
  const used: Room = isWhole ? { routes: 0, bytes: 0 } : { routes, bytes };
  const open: Room = { routes: clusterRoutes, bytes: clusterBytes };
  const all: Room = { routes: 2 * clusterRoutes, bytes: 2 * clusterBytes };
  const judge = (one: T): void => {
    const before = isWhole ? undefined : had(one.key);
    const more = one.bytes - (before ?? 0);
    const most = one.isShut ? all : open;
    const tooMany = before === undefined && used.routes >= most.routes;
    const tooMuch = more > 0 && used.bytes + more > most.bytes;
    if (tooMany || tooMuch) return void refused.add(one);
    if (before === undefined) used.routes += 1;
    used.bytes += more;
  };
  const isKnown = new Set(wanted.filter(({ key }) => had(key) !== undefined));
  if (isWhole) {
    widen(
      open,
      sumOf(
        [...isKnown].filter(({ isShut }) => !isShut),
        had,
      ),
    );
    widen(all, sumOf([...isKnown], had));
    for (const shut of [false, true])
      for (const one of inTurns(
        wanted.filter(({ isShut }) => isShut === shut),
        isKnown,
      ))
        judge(one);
  } else {
    for (const one of wanted) if (isKnown.has(one)) judge(one);
    for (const one of wanted) if (!isKnown.has(one)) judge(one);
  }
  return refused;
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

function sumOf(known: readonly Sized[], had: Holding["had"]): Room {
  return { routes: known.length, bytes: known.reduce((sum, { key }) => sum + had(key)!, 0) };
}

function widen(room: Room, least: Room): void {
  room.routes = Math.max(room.routes, least.routes);
  room.bytes = Math.max(room.bytes, least.bytes);
}
