import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHAT_RATES, memoryLimits, type LimitTable } from "../src/connections/memory-limits.ts";
import type { Limits } from "../src/connections/ports.ts";
import { sharedLimits } from "../src/connections/shared-limits.ts";
import { redisLimiter } from "../src/redis/redis-limiter.ts";
import { MONGO_URI, oneByOne, openStore } from "./_mongo-kit.ts";
import { mongoDatabase } from "../src/testing/index.ts";
import { oneRedis, REDIS_SERVER, redisCluster } from "./_redis.ts";
import { linkTo } from "./_ties-kit.ts";

const TABLE: LimitTable = { ...CHAT_RATES, message: { points: 3, perMs: 60_000 } };

/** What every Limits does; `user` is one who has asked for nothing. */
async function lets(limits: Limits, user: string): Promise<void> {
  for (let at = 0; at < 3; at++) expect(await limits.take("message", user)).toBe(0);
  const waitMs = await limits.take("message", user);
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(60_000);
  // Another user, and another limit, are counted apart.
  expect(await limits.take("message", `${user} too`)).toBe(0);
  expect(await limits.take("admin", user)).toBe(0);
}

test("limits in memory let through as many as they say", () => lets(memoryLimits(TABLE), "alice"));

/** Two instances on one backend. */
type Opened = { limits: [Limits, Limits] } & AsyncDisposable;
const BACKENDS: { name: string; has: boolean; open: () => Promise<Opened> }[] = [
  { name: "Redis", has: REDIS_SERVER !== undefined, open: () => onRedis(oneRedis) },
  { name: "a Redis Cluster", has: REDIS_SERVER !== undefined, open: () => onRedis(redisCluster) },
  { name: "MongoDB", has: MONGO_URI !== undefined, open: onMongo },
];

async function onRedis(start: typeof oneRedis | typeof redisCluster): Promise<Opened> {
  const opened = new AsyncDisposableStack();
  const redis = opened.use(await start());
  const limits = [0, 1].map(() => {
    const link = opened.use(linkTo(redis.place));
    return { link, limits: sharedLimits(TABLE, redisLimiter(link)) };
  });
  for (const { link } of limits) await link.connected();
  return {
    limits: [limits[0]!.limits, limits[1]!.limits],
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function onMongo(): Promise<Opened> {
  const opened = new AsyncDisposableStack();
  const { name } = opened.use(mongoDatabase(MONGO_URI!));
  const stores = [0, 1].map(() =>
    opened.use(openStore({ uri: oneByOne(MONGO_URI!), database: name })),
  );
  // A limit waits for nobody: the indexes are there before the first.
  for (const store of stores) await store.check();
  const [one, other] = stores.map(({ limiter }) => sharedLimits(TABLE, limiter));
  return { limits: [one!, other!], [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

for (const { name, has, open } of BACKENDS) {
  describe.skipIf(!has)(`limits in ${name}`, () => {
    let opened: Opened;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened[Symbol.asyncDispose]());

    test("let through as many as they say", () => lets(opened.limits[0], "alice"));

    test("are counted over all instances", async () => {
      const [one, other] = opened.limits;
      expect(await one.take("message", "bob")).toBe(0);
      expect(await other.take("message", "bob")).toBe(0);
      expect(await one.take("message", "bob")).toBe(0);
      expect(await other.take("message", "bob")).toBeGreaterThan(0);
    });
  });
}

const AWAY = () => ({ consume: () => Promise.reject(new Error("away")) });

test("without their store each instance counts for itself", async () => {
  await lets(sharedLimits(TABLE, AWAY), "alice");
});
