import { isAwayWord, type CaProblem } from "./ca-problem.ts";
import type { Setback } from "./acme-records.ts";

/** Let's Encrypt takes five failed validations of a host in an hour: 0, 5, 15 and 35 minutes make four. */
const FAILED = { firstMs: 300_000, mostMs: 43_200_000 };
/** The CA is away: it is not the host's fault. */
const AWAY = { firstMs: 30_000, mostMs: 3_600_000 };

/** What is remembered of a failed order; `before`: of the one before it, if that failed too. */
export function setbackOf(
  problem: CaProblem,
  before: Setback | undefined,
  { now, random, challenge }: { now: number; random: () => number; challenge: string },
): Setback {
  // What the CA was away for is not held against the host.
  const isAlike = before !== undefined && isAwayWord(before.type) === problem.isAway;
  const failures = (isAlike ? before.failures : 0) + 1;
  const { firstMs, mostMs } = problem.isAway ? AWAY : FAILED;
  const bound = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 20));
  // Never sooner than the bound, and not all at once.
  const waitMs = Math.max(bound * (1 + random() * 0.1), problem.retryAfterMs ?? 0);
  const { type, message: detail } = problem;
  return { failures, at: now, retryAt: now + waitMs, type, detail, challenge };
}
