/** Sums are kept by the hour since 1970. */
export const HOUR_MS = 3_600_000;

export function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS);
}

export interface Span {
  readonly fromMs: number;
  /** Not in it. */
  readonly toMs: number;
}

/** A span in which sessions begin and end, and the sum of what is left of it after each of that. */
export interface Flow extends Span {
  readonly starts: number;
  readonly startLeftMs: number;
  readonly ends: number;
  readonly endLeftMs: number;
}

/**
 * How many sessions went on at once: on average over `window`, and on average over the fullest of its
 * hours (or what the window has of one). `running`: how many went on when it began. `flows`: in order;
 * between them nothing begins or ends. Exact, as the time that all sessions have gone on by some moment
 * follows from the starts and the ends before it.
 */
export function concurrency(
  { fromMs, toMs }: Span,
  running: number,
  flows: Iterable<Flow>,
): { average: number; most: number } {
  const sums = { runningMs: 0, most: 0, now: running, atMs: fromMs };
  for (const flow of flows) {
    pass(sums, flow.fromMs, 0);
    pass(sums, flow.toMs, flow.startLeftMs - flow.endLeftMs);
    sums.now += flow.starts - flow.ends;
  }
  pass(sums, toMs, 0);
  return { average: sums.runningMs / (toMs - fromMs), most: sums.most };
}

function pass(
  sums: { runningMs: number; most: number; now: number; atMs: number },
  toMs: number,
  changedMs: number,
): void {
  const lengthMs = toMs - sums.atMs;
  if (lengthMs === 0) return;
  const runningMs = sums.now * lengthMs + changedMs;
  sums.runningMs += runningMs;
  sums.most = Math.max(sums.most, runningMs / lengthMs);
  sums.atMs = toMs;
}
