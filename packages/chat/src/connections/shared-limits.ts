import { RateLimiterRes } from "rate-limiter-flexible";
import { memoryLimits, type LimitTable } from "./memory-limits.ts";
import type { LimitName, Limits } from "./ports.ts";

/** Counts of one limit: `consume` rejects with a `RateLimiterRes` where there is nothing left. */
export interface Limiter {
  consume(key: string): Promise<unknown>;
}
export type LimiterOf = (name: LimitName, limit: { points: number; perMs: number }) => Limiter;

/** Of each frame: what it keeps out no person sends, and a look elsewhere for each would cost more than it. */
const OF_EACH_INSTANCE: ReadonlySet<string> = new Set<LimitName>(["frame"]);

/** Limits that all instances share. While their store is away each instance counts for itself. */
export function sharedLimits(table: LimitTable, limiterOf: LimiterOf): Limits {
  const own = memoryLimits(table);
  const names = Object.keys(table) as LimitName[];
  const shared = new Map(
    names
      .filter((name) => !OF_EACH_INSTANCE.has(name))
      .map((name) => [name, limiterOf(name, table[name])]),
  );
  return {
    async take(limit, key) {
      const limiter = shared.get(limit);
      if (limiter === undefined) return own.take(limit, key);
      try {
        await limiter.consume(key);
        return 0;
      } catch (reason) {
        if (reason instanceof RateLimiterRes) return Math.max(1, reason.msBeforeNext);
        return own.take(limit, key);
      }
    },
  };
}
