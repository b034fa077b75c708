/** What instances have in common besides the store, in memory and in Redis. */
import { BREAKERS, guard, GuardMetrics, promMetrics, systemClock } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { vi } from "vitest";
import type { FanOut, FanOutEvents, Heard as HeardFn } from "../src/live/fan-out.ts";
import { MemoryFanOuts } from "../src/live/memory-fan-out.ts";
import { classifyRedis } from "../src/redis/classify-redis.ts";
import { RedisFanOut } from "../src/redis/redis-fan-out.ts";
import type { RedisPlace } from "@warren/host/redis-link";
import { GuardedLink } from "../src/redis/guarded-link.ts";
import type { Heard, Member } from "./_fan-out-facts.ts";

export const NO_EVENTS: FanOutEvents = {
  hintsWaiting() {},
  hintsSent() {},
  hintsLost() {},
  hintsHeard() {},
};

export function linkTo(place: RedisPlace): GuardedLink {
  const metrics = new GuardMetrics(promMetrics());
  const deps = { clock: systemClock, random: Math.random, metrics, log: silentLog() };
  // Tried again sooner than in earnest: tests wait for it.
  const options = { breaker: { ...BREAKERS.redis, openMs: 300 }, classify: classifyRedis };
  return new GuardedLink({
    place,
    clock: systemClock,
    random: Math.random,
    guard: guard("redis", options, deps),
    failed: () => {},
  });
}

function listening(open: (heard: HeardFn) => FanOut): Member {
  const heard: Heard[] = [];
  let wake: (() => void) | undefined;
  const known = new Set<string>();
  const fanOut = open(({ sessionId }, hint) => {
    // What was told again since its answer was late may come twice.
    const text = JSON.stringify([sessionId, hint]);
    if (known.has(text)) return;
    known.add(text);
    heard.push({ sessionId, hint });
    wake?.();
  });
  return {
    fanOut,
    heard,
    async hears(count) {
      while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

export function memoryMembers(): () => Promise<Member> {
  const all = new MemoryFanOuts();
  return async () => listening((heard) => all.open(heard, NO_EVENTS));
}

/** Instances on one Redis, each with connections of its own; closed by `opened`. */
export function redisMembers(
  place: RedisPlace,
  opened: AsyncDisposableStack,
  events: FanOutEvents = NO_EVENTS,
): () => Promise<Member> {
  let count = 0;
  return async () => {
    const link = opened.use(linkTo(place));
    const instance = `i${++count}`;
    const member = listening((heard) =>
      opened.use(new RedisFanOut({ link, clock: systemClock, instance, heard, events })),
    );
    await isOn(member.fanOut);
    return member;
  };
}

/** Resolves once its hints are heard. */
export async function isOn(fanOut: FanOut, wanted = true): Promise<void> {
  await vi.waitUntil(() => fanOut.isOn === wanted, { interval: 10, timeout: 30_000 });
}
