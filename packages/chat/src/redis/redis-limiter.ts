import { RateLimiterRedis } from "rate-limiter-flexible";
import type { LimiterOf } from "../connections/shared-limits.ts";
import { script, type Script } from "@warren/host/redis-link";
import type { GuardedLink } from "./guarded-link.ts";

interface Evaluated {
  readonly keys: readonly [string];
  readonly arguments: readonly string[];
}

/** Counters in Redis: `warren:chat:limit:{LIMIT}:{KEY}`, one script each time, through the link's guard. */
export function redisLimiter(link: GuardedLink): LimiterOf {
  const scripts = new Map<string, Script>();
  const storeClient = {
    eval(text: string, { keys, arguments: args }: Evaluated) {
      const known = scripts.get(text) ?? script(text);
      scripts.set(text, known);
      return link.count(known, keys[0], args);
    },
  };
  return (name, { points, perMs }) =>
    new RateLimiterRedis({
      storeClient,
      useRedisPackage: true,
      keyPrefix: `warren:chat:limit:${name}`,
      points,
      duration: perMs / 1_000,
    });
}
