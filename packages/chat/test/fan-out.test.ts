import { promMetrics, systemClock } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InstanceEvents } from "../src/instances/events.ts";
import { readHint } from "../src/live/hint-text.ts";
import { RedisFanOut } from "../src/redis/redis-fan-out.ts";
import { FAN_OUT_FACTS } from "./_fan-out-facts.ts";
import { metricOf } from "./_metrics.ts";
import { oneRedis, REDIS_SERVER, redisCluster, type TestRedis } from "./_redis.ts";
import { isOn, linkTo, memoryMembers, NO_EVENTS, redisMembers } from "./_ties-kit.ts";

describe("hints in memory", () => {
  test.each(FAN_OUT_FACTS)("$name", ({ holds }) => holds(memoryMembers()));
});

const REDIS = [
  { name: "Redis", open: oneRedis },
  { name: "a Redis Cluster", open: redisCluster },
];
describe.skipIf(REDIS_SERVER === undefined).each(REDIS)("hints by $name", ({ open }) => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await open();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  test.each(FAN_OUT_FACTS)("$name", async ({ holds }) => {
    await using opened = new AsyncDisposableStack();
    await holds(redisMembers(redis.place, opened));
  });
});

describe.skipIf(REDIS_SERVER === undefined)("hints by a Redis", () => {
  const S = "0123456789abcdef0123456789abcdef";
  const key = { userId: "alice", sessionId: S };
  const hint = { kind: "stored", origin: "home:1", number: 1 } as const;

  test(
    "that hangs are known to be off, and come again when it goes on",
    { timeout: 60_000 },
    async () => {
      await using redis = await oneRedis();
      await using opened = new AsyncDisposableStack();
      const open = redisMembers(redis.place, opened);
      const [one, other] = [await open(), await open()];
      await other.fanOut.follow(S).ready;
      redis.freeze();
      await isOn(one.fanOut, false);
      redis.thaw();
      // What is told before the guard calls it again is lost.
      const heard = () => {
        one.fanOut.tell(key, hint);
        return other.heard.length;
      };
      await expect.poll(heard).toBeGreaterThan(0);
      await isOn(one.fanOut);
    },
  );

  test("that are told are counted, and those that wait meanwhile", async () => {
    await using redis = await oneRedis();
    await using opened = new AsyncDisposableStack();
    const metrics = promMetrics();
    const metric = metricOf(metrics);
    const events = new InstanceEvents(silentLog(), metrics);
    const open = redisMembers(redis.place, opened, events);
    const [one, other] = [await open(), await open()];
    await other.fanOut.follow(S).ready;
    for (let number = 1; number <= 3; number++) one.fanOut.tell(key, { ...hint, number });
    // They leave together at the end of the turn, perhaps with what is told all the time.
    expect(await metric("chatbox_hint_queue_depth")).toBeGreaterThanOrEqual(3);
    await other.hears(3);
    await expect.poll(() => metric("chatbox_hint_queue_depth")).toBe(0);
    await expect.poll(() => metric("chatbox_hints_sent_total")).toBeGreaterThanOrEqual(3);
    // Those whose answer was late are told again.
    expect(await metric("chatbox_hints_heard_total")).toBeGreaterThanOrEqual(3);
  });

  test("that never was there keeps nobody from closing", async () => {
    const link = linkTo({ kind: "single", url: "redis://127.0.0.1:1" });
    await using _closing = link;
    const one = { link, clock: systemClock, instance: "i", heard() {}, events: NO_EVENTS };
    const fanOut = new RedisFanOut(one);
    await fanOut[Symbol.asyncDispose]();
    expect(fanOut.isOn).toBe(false);
  });

  test(
    "that died are counted as lost, and come again with one that is empty",
    { timeout: 60_000 },
    async () => {
      await using redis = await oneRedis();
      await using opened = new AsyncDisposableStack();
      const lost = Promise.withResolvers<number>();
      const hintsLost = lost.resolve;
      const open = redisMembers(redis.place, opened, { ...NO_EVENTS, hintsLost });
      const [one, other] = [await open(), await open()];
      await other.fanOut.follow(S).ready;
      await redis.kill();
      await isOn(one.fanOut, false);
      one.fanOut.tell(key, hint);
      expect(await lost.promise).toBeGreaterThan(0);
      // What begins to be followed meanwhile is followed as well once it is back.
      const later = "f".repeat(32);
      await other.fanOut.follow(later).ready;
      await redis.restart();
      await isOn(one.fanOut);
      await isOn(other.fanOut);
      const heard = () => {
        for (const sessionId of [S, later]) one.fanOut.tell({ ...key, sessionId }, hint);
        return new Set(other.heard.map(({ sessionId }) => sessionId)).size;
      };
      await expect.poll(heard).toBe(2);
    },
  );
});

test.each([
  { name: "no JSON", text: "{" },
  { name: "another shape", text: '{"user":1}' },
  { name: "a kind of a later release", text: '{"user":"u","session":"s","hint":{"kind":"new"}}' },
  { name: "nothing", text: "" },
])("a hint that is $name is not heard", ({ text }) => {
  expect(readHint(text)).toBeUndefined();
});
