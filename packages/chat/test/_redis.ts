/** Redis for tests: one, or a Cluster of three masters, on free ports of the loopback. */
import { freePort, privateRedis, programPath } from "@warren/host/testing";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createClient } from "redis";
import { vi } from "vitest";
import type { RedisPlace } from "@warren/host/redis-link";

export const REDIS_SERVER = programPath("redis-server");

export interface TestRedis extends AsyncDisposable {
  readonly place: RedisPlace;
  /** As an operator says it. */
  readonly env: Readonly<Record<string, string>>;
  readonly urls: readonly string[];
}

export async function oneRedis(): Promise<TestRedis & Awaited<ReturnType<typeof privateRedis>>> {
  const redis = await privateRedis(REDIS_SERVER!);
  const { url } = redis;
  return { ...redis, place: { kind: "single", url }, env: { REDIS_URL: url }, urls: [url] };
}

/** Three masters that share the slots. */
export async function redisCluster(): Promise<TestRedis> {
  const opened = new AsyncDisposableStack();
  const nodes = await Promise.all([0, 1, 2].map(() => startNode(opened)));
  await joinUp(nodes);
  const urls = nodes.map(({ port }) => `redis://127.0.0.1:${port}`);
  return {
    place: { kind: "cluster", urls },
    env: { REDIS_URL: urls.join(","), REDIS_CLUSTER: "true" },
    urls,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

interface Node {
  readonly port: number;
  readonly bus: number;
}

async function startNode(opened: AsyncDisposableStack): Promise<Node> {
  const folder = await mkdtemp(join(tmpdir(), "warren-redis-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const node = { port: await freePort(), bus: await freePort() };
  const settings = {
    bind: "127.0.0.1",
    save: "",
    dir: folder,
    port: node.port,
    "cluster-enabled": "yes",
    "cluster-port": node.bus,
    "cluster-node-timeout": 5_000,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(REDIS_SERVER!, args, { stdio: ["ignore", "pipe", "ignore"] });
  opened.defer(async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes("Ready to accept connections")) break;
  }
  child.stdout.resume();
  return node;
}

async function joinUp(nodes: readonly Node[]): Promise<void> {
  const ranges = ["0 5460", "5461 10922", "10923 16383"];
  const [first, ...others] = nodes;
  for (const [at, node] of nodes.entries()) {
    await redisCommand(node.port, "CLUSTER", "SET-CONFIG-EPOCH", String(at + 1));
    await redisCommand(node.port, "CLUSTER", "ADDSLOTSRANGE", ...ranges[at]!.split(" "));
  }
  const isWhole = async ({ port }: Node) => {
    const info = String(await redisCommand(port, "CLUSTER", "INFO"));
    return info.includes("cluster_state:ok") && info.includes("cluster_known_nodes:3");
  };
  // Redis tells of it only when it is asked, and may miss that it was to meet another.
  const met = async () => {
    for (const { port, bus } of others) {
      await redisCommand(first!.port, "CLUSTER", "MEET", "127.0.0.1", String(port), String(bus));
    }
    return (await Promise.all(nodes.map(isWhole))).every(Boolean);
  };
  await vi.waitUntil(met, { interval: 200, timeout: 30_000 });
}

export async function redisCommand(port: number, ...args: string[]): Promise<unknown> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP: 2 });
  client.on("error", () => {});
  await client.connect();
  try {
    return await client.sendCommand(args);
  } finally {
    client.destroy();
  }
}
