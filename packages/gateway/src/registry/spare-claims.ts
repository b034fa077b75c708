/** What is known of a claim without routes. */
export interface Unused {
  /** Epoch milliseconds: when its last route went. */
  readonly since: number;
  /** Whose that route was; "" where that is unknown, or several are waited for. */
  readonly clusterUuid: string;
  readonly namespace: string;
  /** Its cluster took the route back, and no other is waited for; else it went when its cluster did. */
  readonly withdrawn: boolean;
}

/** What was served by a cluster that is away is kept for it so long. */
export const AWAY_MS = 24 * 3_600_000;
/** An Ingress that is deleted to be made anew has its host again within this time. */
const ANEW_MS = 60_000;

/** When a place's routes last went with their cluster, and whose they were: "" for more than one. */
export type Lapse = Pick<Unused, "since" | "clusterUuid">;

/** One more. Where two are away, the return of either leaves the place waiting for the other. */
export function lapseOf(before: Lapse | undefined, { since, clusterUuid }: Lapse): Lapse {
  const alone =
    before === undefined || before.clusterUuid === clusterUuid || since - before.since >= AWAY_MS;
  return {
    since: Math.max(since, before?.since ?? 0),
    clusterUuid: alone ? clusterUuid : "",
  };
}

/** Whether the place is kept for who went, whatever others say of it. */
export function isAwaited(lapse: Lapse | undefined, now: number): lapse is Lapse {
  return lapse !== undefined && now - lapse.since < AWAY_MS;
}

export function leftBy({ since, clusterUuid }: Lapse): Unused {
  return { since, clusterUuid, namespace: "", withdrawn: false };
}

/**
 * The claims without routes that a full group may give up for new ones, in the order in which they go:
 * first what was taken back, of the namespace that has the most of it the oldest, so that who makes
 * and deletes very many drives out his own; then what its cluster has been away from for a day. Each
 * namespace's newest, a hundredth of `most` (what the group may hold), are kept for a minute.
 */
export function spareOf<T extends Unused>(
  all: readonly T[],
  { now, most }: { now: number; most: number },
): T[] {
  const kept = Math.ceil(most / 100);
  const younger = new Map<string, number>();
  const newestFirst = all.toReversed().sort((one, other) => other.since - one.since);
  const withdrawn = newestFirst
    .filter((one) => one.withdrawn)
    .map((one) => {
      const owner = `${one.clusterUuid} ${one.namespace}`;
      const rank = younger.get(owner) ?? 0;
      younger.set(owner, rank + 1);
      return { one, rank };
    })
    .filter(({ one, rank }) => rank >= kept || now - one.since >= ANEW_MS)
    .sort((a, b) => b.rank - a.rank || a.one.since - b.one.since)
    .map(({ one }) => one);
  const left = newestFirst.filter((one) => !one.withdrawn && now - one.since >= AWAY_MS);
  return [...withdrawn, ...left.toReversed()];
}

/** How many of them are used before it is looked anew which are next: to sort costs little for each. */
export function nextOf<T>(spare: readonly T[], wanted: number): T[] {
  return spare.slice(0, Math.max(wanted, Math.ceil(spare.length / 10)));
}

/** Where nothing was spare, time alone makes it so after this. */
export const LOOK_AGAIN_MS = 1_000;
