import { describe, expect, test } from "vitest";
import { systemClock } from "../src/index.ts";
import { RedisLink, script, type RedisPlace } from "../src/redis/redis-link.ts";
import { privateRedis, programPath, Waiting } from "../src/testing/index.ts";

const program = programPath("redis-server");

/** A link, and what it tells of its connections: resolves when it has told of so many. */
function open(place: RedisPlace) {
  const waiting = new Waiting();
  let connected = 0;
  let failed = 0;
  const link = new RedisLink({
    place,
    clock: systemClock,
    random: Math.random,
    failed: () => {
      failed += 1;
      waiting.look();
    },
    connected: () => {
      connected += 1;
      waiting.look();
    },
  });
  return {
    link,
    connections: (count: number) => waiting.until(() => connected >= count),
    failure: () => waiting.until(() => failed > 0),
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

describe.skipIf(program === undefined)("a link to Redis", () => {
  test("queues nothing while Redis is away, and comes back by itself", async () => {
    await using redis = await privateRedis(program!);
    await using opened = open({ kind: "single", url: redis.url });
    const { link } = opened;
    await link.connected();
    expect(await link.command("a", ["SET", "a", "1"])).toBe("OK");
    await redis.kill();
    await opened.failure();
    await expect(link.command("a", ["GET", "a"])).rejects.toThrow();
    await redis.restart();
    await opened.connections(2);
    expect(await link.command("a", ["GET", "a"])).toBeNull();
  });

  test("runs a script on one key or on several, also where Redis has forgotten it", async () => {
    await using redis = await privateRedis(program!);
    await using opened = open({ kind: "single", url: redis.url });
    const { link } = opened;
    await link.connected();
    const both = script("return {KEYS[1], KEYS[2] or 'none', ARGV[1]}");
    expect(await link.run(both, "a", ["1"])).toEqual(["a", "none", "1"]);
    expect(await link.run(both, ["a", "b"], ["2"])).toEqual(["a", "b", "2"]);
    await link.command("", ["SCRIPT", "FLUSH"]);
    expect(await link.run(both, "a", ["3"])).toEqual(["a", "none", "3"]);
  });

  test("hears again what it subscribed to before Redis died", async () => {
    await using redis = await privateRedis(program!);
    await using opened = open({ kind: "single", url: redis.url });
    const { link } = opened;
    await link.connected();
    const heard = Promise.withResolvers<string>();
    await link.subscribe(["news"], heard.resolve);
    await redis.restart();
    await opened.connections(2);
    // Its listener comes back by itself as well: whoever publishes is told how many hear it.
    await expect.poll(() => link.command("news", ["PUBLISH", "news", "hello"])).toBe(1);
    expect(await heard.promise).toBe("hello");
  });

  test("leaves one that has become a replica, for whoever its name leads to by now", async () => {
    await using redis = await privateRedis(program!);
    await using heir = await privateRedis(program!);
    await using opened = open({ kind: "single", url: redis.url });
    const { link } = opened;
    await link.connected();
    await redis.command("REPLICAOF", "127.0.0.1", String(heir.port));
    await expect(link.command("a", ["SET", "a", "1"])).rejects.toThrow("READONLY");
    await opened.connections(2);
    // Here its name leads to the same one, which is a master again.
    await redis.command("REPLICAOF", "NO", "ONE");
    expect(await link.command("a", ["SET", "a", "1"])).toBe("OK");
  });

  test.each([
    { name: "one Redis", place: { kind: "single", url: "redis://127.0.0.1:1" } },
    { name: "a Redis Cluster", place: { kind: "cluster", urls: ["redis://127.0.0.1:1"] } },
  ] as const)("to $name that never was there is closed at once", async ({ place }) => {
    const opened = open(place);
    await opened.failure();
    await opened[Symbol.asyncDispose]();
    expect(opened.link.isConnected).toBe(false);
  });
});
