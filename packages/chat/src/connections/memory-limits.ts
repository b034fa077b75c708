import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { LimitName, Limits } from "./ports.ts";

/** Of each limit: how many in how long. */
export type LimitTable = Readonly<Record<LimitName, { points: number; perMs: number }>>;

/** `reference/chatbox.md` §13.1; `frame` and `user` are what no person and no decent program reaches. */
export const CHAT_RATES: LimitTable = Object.freeze({
  message: { points: 100, perMs: 60_000 },
  frame: { points: 1_200, perMs: 60_000 },
  connect: { points: 120, perMs: 60_000 },
  user: { points: 600, perMs: 60_000 },
  admin: { points: 20, perMs: 60_000 },
  public: { points: 60, perMs: 60_000 },
  upload: { points: 60, perMs: 60_000 },
  privacy: { points: 20, perMs: 3_600_000 },
  alert: { points: 5, perMs: 300_000 },
});

/** Limits of one instance, in its memory: what nobody used for the time of a limit takes no room. */
export function memoryLimits(table: LimitTable): Limits {
  const limiters = new Map(
    Object.entries(table).map(([name, { points, perMs }]) => [
      name,
      new RateLimiterMemory({ keyPrefix: name, points, duration: perMs / 1_000 }),
    ]),
  );
  return {
    async take(limit, key) {
      try {
        await limiters.get(limit)!.consume(key);
        return 0;
      } catch (reason) {
        if (reason instanceof RateLimiterRes) return Math.max(1, reason.msBeforeNext);
        throw reason;
      }
    },
  };
}
