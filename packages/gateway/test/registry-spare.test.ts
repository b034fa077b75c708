/** A tenant who makes and deletes whatever he likes, at the size of a gateway that nobody has configured. */
import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import type { Registry } from "../src/ports.ts";
import { memoryRegistry, type Kept, type MemoryRegistryOptions } from "../src/registry/memory.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { KEYS } from "../src/registry/redis/keys.ts";
import { eventually, HAS_REDIS, HAS_SINGLE, singleRedis } from "./_redis-kit.ts";
import { open, ready, TTL_MS as SHORT_MS } from "./_redis-registry.ts";
import { codes, found, on, settled } from "./_registry-facts.ts";
import { change, route } from "./_routes-kit.ts";

const quotas = { ...NO_QUOTAS, groupClaims: 10_000 };
const TTL_MS = 300_000;

const DAY_MS = 86_400_000;

function inMemory(given: Partial<MemoryRegistryOptions> = {}): Registry {
  const { clock = virtualClock() } = given;
  const wallClock = () => 1_000 + clock.now();
  const none = { ports: undefined, kept: undefined, keep: undefined };
  return memoryRegistry({ wallClock, ttlMs: TTL_MS, quotas, ...none, ...given, clock });
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
  await using before = inMemory({ keep: (now) => (kept = now) });
  expect(await publish(before, "first.example.com")).toEqual([]);
  for (let round = 0; round < 10; round += 1) await flood(before, round);
  await before[Symbol.asyncDispose]();
  await using after = inMemory({ kept: structuredClone(kept) });
  expect(await publish(after, "second.example.com")).toEqual([]);
  const stranger = (host: string) =>
    after.apply(change({ clusterUuid: "c2", routes: [route({ host })] }));
  expect((await stranger("first.example.com")).rejected).toMatchObject([{ code: "host_taken" }]);
});

const NAMES = Array.from({ length: 4 }, (_, at) => `h${at}.test`);
const few = { ...NO_QUOTAS, groupClaims: 5 };
const of = (clusterUuid: string, revision: number, ...hosts: string[]) =>
  change({ clusterUuid, group: "g", revision, routes: on(...hosts) });
const adding = (clusterUuid: string, revision: number, ...hosts: string[]) =>
  change({ ...of(clusterUuid, revision, ...hosts), action: "add" });

test.each([
  { name: "as it is kept now", old: false },
  { name: "as it was kept before", old: true },
])(
  "after a restart a host waits for who served it, not who claimed it ($name)",
  async ({ old }) => {
    let kept: Kept | undefined;
    await using before = inMemory({ keep: (now) => (kept = now), quotas: few });
    await before.apply(of("c1", 1, ...NAMES, "a.test"));
    await before.apply(of("c2", 1, ...NAMES));
    await before.apply(of("c1", 2, "a.test"));
    const { claims, ...rest } = structuredClone(kept!);
    const bare = claims.map(({ unused: _unused, ...claim }) => claim);
    await using after = inMemory({ kept: { ...rest, claims: old ? bare : claims }, quotas: few });
    await after.apply(of("c1", 2, "a.test"));
    expect(codes(await after.apply(adding("c1", 3, "new.test")))).toEqual(["quota_exceeded"]);
    expect(await after.releaseUnused("c1")).toBe(0);
    expect(codes(await after.apply(of("c2", 1, ...NAMES)))).toEqual([]);
  },
);

test("in memory what its cluster has been away from for a day is spare, also over restarts", async () => {
  const clock = virtualClock();
  let kept: Kept | undefined;
  const keep = (now: Kept) => void (kept = structuredClone(now));
  const start = () => inMemory({ kept, keep, quotas: few, clock });
  await using before = start();
  await before.apply(of("c1", 1, ...NAMES));
  await before[Symbol.asyncDispose]();
  clock.advance(2 * DAY_MS);
  await using after = start();
  const busy = of("c2", 1, "b0.test", "b1.test");
  expect(codes(await after.apply(busy))).toEqual(["quota_exceeded"]);
  clock.advance(DAY_MS);
  expect(codes(await after.apply(busy))).toEqual([]);
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

test.skipIf(!HAS_REDIS)(
  "in Redis what is served outlasts a Redis that was away for longer than a life",
  async () => {
    await using backend = await singleRedis();
    let isBack = false;
    const heard = { failed: () => (isBack = false), answered: () => (isBack = true) };
    await using registry = open(backend, { quotas: few, commandMs: 50, ...heard });
    await ready(registry);
    await registry.apply(of("c1", 1, ...NAMES, "a.test"));
    const [server] = backend.servers;
    server!.freeze();
    const frozenAt = performance.now();
    await eventually(async () => {
      await registry.renew("c1");
      return performance.now() - frozenAt > 2 * SHORT_MS;
    });
    isBack = false;
    server!.thaw();
    await eventually(async () => isBack, { everyMs: 1 });
    expect(codes(await registry.apply(adding("c1", 2, "new.test")))).toEqual(["quota_exceeded"]);
    await registry.apply(of("c1", 3, ...NAMES, "a.test", "new.test"));
    for (const host of NAMES) expect(await settled(registry, host)).toEqual([`c1/${host}`]);
  },
  30_000,
);

test.skipIf(!HAS_REDIS)("in Redis no hint gives up what waits for its cluster", async () => {
  await using backend = await singleRedis();
  await using registry = open(backend, { quotas: few });
  await ready(registry);
  await registry.apply(of("gone", 1, ...NAMES));
  await eventually(async () => (await found(registry, NAMES[0]!)) === "no_route");
  for (const host of NAMES) {
    await backend.servers[0]!.command("HSET", KEYS.unused("g"), host, "1 1 c1 evil");
  }
  const busy = await registry.apply(of("c1", 1, "b0.test", "b1.test"));
  expect(codes(busy)).toEqual(["quota_exceeded"]);
  expect(codes(await registry.apply(of("gone", 2, ...NAMES)))).toEqual([]);
});

test.skipIf(!HAS_REDIS)("in Redis a day away ends once all who serve could say so", async () => {
  await using backend = await singleRedis();
  const [server] = backend.servers;
  {
    await using registry = open(backend, { quotas: few });
    await ready(registry);
    await registry.apply(of("gone", 1, ...NAMES));
  }
  for (const host of NAMES) {
    const since = Date.now() - 2 * DAY_MS;
    await server!.command("HSET", KEYS.place(host), "x gone", `${since} 1 1 ${since} ${since}`);
  }
  const busy = of("c1", 1, "b0.test", "b1.test");
  await using early = open(backend, { quotas: few });
  await ready(early);
  expect(codes(await early.apply(busy))).toEqual(["quota_exceeded"]);
  await using late = open(backend, { quotas: few });
  await ready(late);
  const readyAt = performance.now();
  await eventually(async () => performance.now() - readyAt > SHORT_MS + 50);
  expect(codes(await late.apply({ ...busy, revision: 2 }))).toEqual([]);
});

test.skipIf(!HAS_REDIS)(
  "in Redis a host that is served keeps its routes though its name was lost",
  async () => {
    await using backend = await singleRedis();
    await using registry = open(backend, { quotas: few, ttlMs: TTL_MS });
    await ready(registry);
    await registry.apply(of("c1", 1, ...NAMES, "a.test"));
    await backend.servers[0]!.command("SREM", KEYS.claims("g"), NAMES[0]!);
    expect(codes(await registry.apply(adding("c1", 2, "new.test")))).toEqual([]);
    const whole = of("c1", 3, ...NAMES, "a.test", "new.test");
    expect((await registry.apply(whole)).rejected).toEqual([]);
    expect(await settled(registry, NAMES[0]!)).toEqual([`c1/${NAMES[0]!}`]);
    expect(codes(await registry.apply(adding("c1", 4, "more.test")))).toEqual(["quota_exceeded"]);
  },
);
