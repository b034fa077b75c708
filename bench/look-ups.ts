/**
 * Look-ups of routes, in a process of their own: prints a sample as JSON. Those of Redis are left out
 * where no redis-server is on the PATH. `bench/run.ts` makes rows of it.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { systemClock } from "@warren/host";
import { Route } from "@warren/wire";
import * as v from "valibot";
import { memoryRegistry, NO_QUOTAS, type Registry, type RouteChange } from "@warren/gateway";
import { REDIS_REGISTRY_DEFAULTS, startRedisRegistry } from "@warren/gateway/redis-registry";
import { median, quantile, type Sample } from "./measure.ts";

const LOOKUPS = 200_000;
const ROUNDS = 5;
const SMALL = 1_000;
const LARGE = 1_000_000;

const question = {
  host: "",
  method: "GET",
  target: "/api/users/42?x=1",
  field: () => undefined,
  secure: false,
};

function routesOf(count: number): Route[] {
  const one = v.parse(Route, { host: "h.test", path: "/api", service: "web", port: 80 });
  return Array.from({ length: count }, (_, n) => ({ ...one, host: `h${n}.example.test` }));
}

function changeOf(routes: Route[], clusterUuid = "c1"): RouteChange {
  return {
    clusterUuid,
    group: "g",
    tokenId: "t",
    allowed: ["*"],
    tcpAllowed: false,
    action: "sync",
    revision: 1,
    routes,
  };
}

async function inMemory(count: number): Promise<Registry> {
  const registry = memoryRegistry({
    clock: systemClock,
    wallClock: Date.now,
    ttlMs: 3_600_000,
    ports: undefined,
    quotas: NO_QUOTAS,
    kept: undefined,
    keep: undefined,
  });
  await registry.apply(changeOf(routesOf(count)));
  return registry;
}

/**
 * Nanoseconds per look-up, over the same 64 hosts: what is measured is the look-up, not how much of a
 * million routes fits in the processor's cache.
 */
function nanoseconds(registry: Registry, hosts: readonly string[]): number {
  const started = process.hrtime.bigint();
  for (let n = 0; n < LOOKUPS; n += 1) {
    question.host = hosts[n % hosts.length]!;
    const answer = registry.lookup(question);
    if (!("found" in answer)) throw new Error("a look-up found nothing");
  }
  return Number(process.hrtime.bigint() - started) / LOOKUPS;
}

/** 64 hosts, spread over all. */
function hosts(count: number): string[] {
  return Array.from({ length: 64 }, (_, n) => `h${Math.floor((n * count) / 64)}.example.test`);
}

async function memoryCosts(): Promise<Sample> {
  const small = await inMemory(SMALL);
  const large = await inMemory(LARGE);
  const [few, many]: [number[], number[]] = [[], []];
  nanoseconds(small, hosts(SMALL));
  nanoseconds(large, hosts(LARGE));
  for (let round = 0; round < ROUNDS; round += 1) {
    few.push(nanoseconds(small, hosts(SMALL)));
    many.push(nanoseconds(large, hosts(LARGE)));
  }
  return { thousandNanos: median(few), millionNanos: median(many) };
}

async function redisLatencies(): Promise<Sample> {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return {};
  const { url, child } = await startRedis();
  try {
    const writer = open(url, "writer");
    const reader = open(url, "reader");
    await until(async () => "refused" in (await reader.lookup({ ...question, host: "none.test" })));
    await until(async () => (await writer.apply(changeOf(routesOf(10_000)))).accepted === 10_000);
    const redisFirstP99Ms = await p99(reader, (n) => `h${n}.example.test`);
    const redisKnownP99Ms = await p99(reader, (n) => `h${n}.example.test`);
    const redisUnknownP99Ms = await p99(reader, (n) => `u${n}.example.test`);
    for (const registry of [writer, reader]) await registry[Symbol.asyncDispose]();
    return { redisFirstP99Ms, redisKnownP99Ms, redisUnknownP99Ms };
  } finally {
    child.kill("SIGKILL");
  }
}

async function p99(registry: Registry, hostOf: (n: number) => string): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < 5_000; n += 1) {
    const started = performance.now();
    await registry.lookup({ ...question, host: hostOf(n) });
    took.push(performance.now() - started);
  }
  return quantile(took, 0.99);
}

function open(url: string, gatewayId: string): Registry {
  return startRedisRegistry({
    ...REDIS_REGISTRY_DEFAULTS,
    place: { kind: "single", url },
    gatewayId,
    clock: systemClock,
    wallClock: Date.now,
    random: Math.random,
    newId: () => gatewayId,
    ports: undefined,
    quotas: NO_QUOTAS,
    failed: () => {},
    answered: () => {},
  });
}

async function startRedis(): Promise<{ url: string; child: ChildProcess }> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", tmpdir()];
  const child = spawn("redis-server", args, { stdio: "ignore" });
  return { url: `redis://127.0.0.1:${port}`, child };
}

async function until(seen: () => Promise<boolean>): Promise<void> {
  while (!(await seen())) await new Promise((resolve) => setTimeout(resolve, 50));
}

console.log(JSON.stringify({ ...(await memoryCosts()), ...(await redisLatencies()) }));
