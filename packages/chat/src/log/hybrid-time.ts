/**
 * A hybrid logical clock in one number: milliseconds x 1024 + a counter (Kulkarni, Demirbas et al.
 * 2014). It orders what clusters accept without a common clock: whoever has seen a time gives out only
 * later ones. Safe as a JavaScript integer until the year 2248.
 */
export type HybridTime = number;

const TICKS_PER_MS = 1_024;
/** A peer that says a time further ahead than this has a broken clock; it is not followed. */
const MOST_AHEAD_MS = 60_000;

export function hybridTime(wallMs: number): HybridTime {
  return Math.floor(wallMs) * TICKS_PER_MS;
}

/** The wall time in it, epoch milliseconds. */
export function wallMsOf(time: HybridTime): number {
  return Math.floor(time / TICKS_PER_MS);
}

/**
 * The time of an entry that is accepted now: after the local clock, after all that the session has
 * stored (or instances of one cluster would contradict their own numbers) and after all that its
 * writer has seen (or a reply could sort above what it answers, when its writer moves).
 */
export function tick(wallMs: number, stored: HybridTime, seen: HybridTime | undefined): HybridTime {
  const followed = Math.min(seen ?? 0, hybridTime(wallMs + MOST_AHEAD_MS));
  return Math.max(hybridTime(wallMs), stored + 1, followed + 1);
}
