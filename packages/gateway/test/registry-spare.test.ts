/** A tenant who makes and deletes whatever he likes, at the size of a gateway that nobody has configured. */
import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import type { Registry } from "../src/ports.ts";
import { memoryRegistry, type Kept } from "../src/registry/memory.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { KEYS } from "../src/registry/redis/keys.ts";
import { HAS_REDIS, HAS_SINGLE, singleRedis } from "./_redis-kit.ts";
import { open, ready } from "./_redis-registry.ts";
import { settled } from "./_registry-facts.ts";
import { change, route } from "./_routes-kit.ts";

const quotas = { ...NO_QUOTAS, groupClaims: 10_000 };
const TTL_MS = 300_000;

function inMemory(kept?: Kept, keep?: (kept: Kept) => void): Registry {
  const clock = virtualClock();
  const wallClock = () => 1_000 + clock.now();
  return memoryRegistry({ clock, wallClock, ttlMs: TTL_MS, ports: undefined, quotas, kept, keep });
}

/** Makes an object of 1,000 hosts in a namespace and deletes it again. */
async function flood(registry: Registry, round: number): Promise<number> {
  const routes = Array.from({ length: 1_000 }, (_, at) =>
    route({ host: `h${at}.r${round}.example.com`, namespace: "evil" }),
  );
  const { accepted } = await registry.apply(change({ action: "add", routes }));
  await registry.apply(change({ action: "delete", routes }));
  return accepted;
}

async function publish(registry: Registry, host: string) {
  const shop = route({ host, namespace: "shop" });
  return (await registry.apply(change({ action: "add", routes: [shop] }))).rejected;
}

async function floodAndPublish(registry: Registry): Promise<void> {
  expect(await publish(registry, "first.example.com")).toEqual([]);
  for (let round = 0; round < 11; round += 1) expect(await flood(registry, round)).toBe(1_000);
  expect(await registry.claims()).toHaveLength(10_000);
  expect(await publish(registry, "second.example.com")).toEqual([]);
  expect(await settled(registry, "first.example.com")).toEqual(["c1/web"]);
  expect(await settled(registry, "second.example.com")).toEqual(["c1/web"]);
}

test("ten thousand hosts made and deleted leave room for another namespace's, in memory", async () => {
  await using registry = inMemory();
  await floodAndPublish(registry);
});

test("after a restart what was deleted before it is spare, and what was served waits for its cluster", async () => {
  let kept: Kept | undefined;
  await using before = inMemory(undefined, (now) => (kept = now));
  expect(await publish(before, "first.example.com")).toEqual([]);
  for (let round = 0; round < 10; round += 1) await flood(before, round);
  await before[Symbol.asyncDispose]();
  await using after = inMemory(structuredClone(kept));
  expect(await publish(after, "second.example.com")).toEqual([]);
  const stranger = (host: string) =>
    after.apply(change({ clusterUuid: "c2", routes: [route({ host })] }));
  expect((await stranger("first.example.com")).rejected).toMatchObject([{ code: "host_taken" }]);
});

test.skipIf(!HAS_SINGLE)(
  "ten thousand hosts made and deleted leave room for another namespace's, in Redis",
  async () => {
    await using backend = await singleRedis();
    await using registry = open(backend, { quotas, ttlMs: TTL_MS, commandMs: 2_000 });
    await ready(registry);
    await floodAndPublish(registry);
  },
  120_000,
);

test.skipIf(!HAS_REDIS)("in Redis a hint that is out of date costs nobody a host", async () => {
  await using backend = await singleRedis();
  await using registry = open(backend, { quotas: { ...quotas, groupClaims: 2 }, ttlMs: TTL_MS });
  await ready(registry);
  const [served, moved, fresh] = ["served.test", "moved.test", "fresh.test"];
  expect(await publish(registry, served)).toEqual([]);
  expect(await publish(registry, moved)).toEqual([]);
  await registry.release(moved);
  const other = change({ clusterUuid: "c2", routes: [route({ host: moved })] });
  await registry.apply(other);
  await registry.apply({ ...other, routes: [] });
  // What a gateway that died between its writes, or was late, would leave.
  for (const [at, host] of [moved, served].entries()) {
    await backend.servers[0]!.command("SADD", KEYS.claims("c1"), host);
    await backend.servers[0]!.command("HSET", KEYS.unused("c1"), host, `${at} 1 c1 evil`);
  }
  expect(await publish(registry, fresh)).toEqual([]);
  expect(await settled(registry, served)).toEqual(["c1/web"]);
  expect((await registry.claims()).map(({ host, group }) => `${group} ${host}`)).toEqual([
    `c1 ${fresh}`,
    `c2 ${moved}`,
    `c1 ${served}`,
  ]);
  expect(await publish(registry, "one-more.test")).toMatchObject([{ code: "quota_exceeded" }]);
});
