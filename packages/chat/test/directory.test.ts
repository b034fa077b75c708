import { systemClock } from "@warren/host";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Directory, Place } from "../src/instances/directory.ts";
import { redisDirectory } from "../src/redis/redis-directory.ts";
import { memoryDirectory } from "../src/store/memory/memory-directory.ts";
import { oneRedis, REDIS_SERVER, redisCluster, type TestRedis } from "./_redis.ts";
import { linkTo } from "./_ties-kit.ts";

const place = (given: Partial<Place> = {}): Place => ({
  deviceId: "phone",
  cluster: "home",
  instance: "one",
  connectionId: "c-1",
  epoch: 1,
  ...given,
});

/** What every Directory does. `user` is one that nobody was. */
const FACTS: { name: string; holds: (directory: Directory, user: string) => Promise<void> }[] = [
  {
    name: "who never came is nowhere",
    async holds(directory, user) {
      expect(await directory.of(user)).toEqual([]);
    },
  },
  {
    name: "each device of a user is somewhere",
    async holds(directory, user) {
      directory.enter(user, place());
      directory.enter(user, place({ deviceId: "a laptop", connectionId: "c-2", instance: "two" }));
      const found = await eventually(directory, user, 2);
      expect(found.map(({ deviceId }) => deviceId).toSorted()).toEqual(["a laptop", "phone"]);
      expect(found).toContainEqual(place());
    },
  },
  {
    name: "a newer connection of a device takes its place, and the end of the older one leaves it",
    async holds(directory, user) {
      directory.enter(user, place());
      const newer = place({ connectionId: "c-2", instance: "two", epoch: 2 });
      directory.enter(user, newer);
      directory.leave(user, place());
      directory.enter(user, place({ deviceId: "fence", connectionId: "c-3" }));
      expect(await eventually(directory, user, 2)).toContainEqual(newer);
    },
  },
  {
    name: "an older connection takes nobody's place",
    async holds(directory, user) {
      const newer = place({ connectionId: "c-2", epoch: 2 });
      directory.enter(user, newer);
      directory.enter(user, place());
      directory.enter(user, place({ deviceId: "fence", connectionId: "c-3" }));
      expect(await eventually(directory, user, 2)).toContainEqual(newer);
    },
  },
  {
    name: "who left is gone",
    async holds(directory, user) {
      directory.enter(user, place());
      directory.leave(user, place());
      directory.enter(user, place({ deviceId: "fence", connectionId: "c-3" }));
      const found = await eventually(directory, user, 1);
      expect(found.map(({ deviceId }) => deviceId)).toEqual(["fence"]);
    },
  },
];

/** What is entered is there soon, since nobody waits for it. */
async function eventually(directory: Directory, user: string, count: number) {
  let found: readonly Place[] = [];
  const look = async () => (found = await directory.of(user)).length;
  await expect.poll(look, { interval: 5 }).toBe(count);
  return found;
}

describe("a directory in memory", () => {
  test.each(FACTS)("$name", ({ holds }) => holds(memoryDirectory(), "alice"));
});

const REDIS = [
  { name: "Redis", open: oneRedis },
  { name: "a Redis Cluster", open: redisCluster },
];
describe.skipIf(REDIS_SERVER === undefined).each(REDIS)("a directory in $name", ({ open }) => {
  const opened = new AsyncDisposableStack();
  let redis: TestRedis;
  let directory: Directory;
  let link: ReturnType<typeof linkTo>;
  let users = 0;
  beforeAll(async () => {
    redis = opened.use(await open());
    link = opened.use(linkTo(redis.place));
    directory = opened.use(redisDirectory({ link, clock: systemClock }));
    await link.connected();
  });
  afterAll(() => opened.disposeAsync());

  test.each(FACTS)("$name", ({ holds }) => holds(directory, `user {${++users}} of many`));

  test("is kept under the user's name, a field for each device, and ends by itself", async () => {
    directory.enter("erin", place());
    await eventually(directory, "erin", 1);
    const fields = await link.command("conn:{erin}", ["HKEYS", "conn:{erin}"]);
    expect(fields).toEqual(["phone"]);
    const left = Number(await link.command("conn:{erin}", ["PTTL", "conn:{erin}"]));
    expect(left).toBeGreaterThan(60_000);
    expect(left).toBeLessThanOrEqual(75_000);
  });

  test("leaves with its instance", async () => {
    const theirs = redisDirectory({ link, clock: systemClock });
    theirs.enter("frank", place());
    await eventually(directory, "frank", 1);
    await theirs[Symbol.asyncDispose]();
    expect(await directory.of("frank")).toEqual([]);
  });
});

describe.skipIf(REDIS_SERVER === undefined)("a directory without its Redis", () => {
  test("knows who is connected here", async () => {
    await using opened = new AsyncDisposableStack();
    const redis = opened.use(await oneRedis());
    const link = opened.use(linkTo(redis.place));
    const directory = opened.use(redisDirectory({ link, clock: systemClock }));
    await redis.kill();
    directory.enter("alice", place());
    expect(await directory.of("alice")).toEqual([place()]);
  });
});
