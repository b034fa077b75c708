/** Redis servers of the test's own: one, or a Cluster of three, on free ports of the loopback. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@warren/host/testing";
import { createClient } from "redis";
import type { RedisPlace } from "@warren/host/redis-link";

const INSTALLED = spawnSync("redis-server", ["--version"]).status === 0;
/** Tests that stop, hang and empty Redis need one of their own. */
export const HAS_REDIS = INSTALLED;
/** Others can use one that is given: its content is lost. */
export const HAS_SINGLE = INSTALLED || process.env["REDIS_URL"] !== undefined;
export const HAS_CLUSTER = INSTALLED || process.env["REDIS_CLUSTER_URL"] !== undefined;

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #args: string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, args: string[]) {
    this.port = port;
    this.#folder = folder;
    this.#args = args;
  }

  static async start(...args: string[]): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), "warren-redis-"));
    const server = new RedisServer(await freePort(), folder, args);
    await server.run();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, with nothing in it. */
  async run(): Promise<void> {
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", ...this.#args];
    const child = spawn("redis-server", [...args, "--dir", this.#folder], { stdio: "pipe" });
    this.#process = child;
    let said = "";
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.includes("Ready to accept connections")) break;
    }
    if (child.exitCode !== null) throw new Error(`redis-server: ${said}`);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** Hangs it: connections stay open and nothing answers. The returned function lets it go on. */
  freeze(): () => void {
    this.#process?.kill("SIGSTOP");
    return () => void this.#process?.kill("SIGCONT");
  }

  command(...args: string[]): Promise<unknown> {
    return command(this.url, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export interface RedisBackend extends AsyncDisposable {
  place: RedisPlace;
  servers: RedisServer[];
  flush(): Promise<void>;
}

export async function singleRedis(): Promise<RedisBackend> {
  const url = process.env["REDIS_URL"];
  if (url !== undefined && !INSTALLED) return given({ kind: "single", url }, [url]);
  const server = await RedisServer.start();
  return backend({ kind: "single", url: server.url }, [server]);
}

/** Three masters that share the slots. */
export async function clusterRedis(): Promise<RedisBackend> {
  const urls = process.env["REDIS_CLUSTER_URL"]?.split(",");
  if (urls !== undefined && !INSTALLED) return given({ kind: "cluster", urls }, urls);
  const servers = await Promise.all(
    [0, 1, 2].map(async () => {
      const bus = String(await freePort());
      const args = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"];
      return RedisServer.start(...args, "--cluster-port", bus, "--cluster-node-timeout", "1000");
    }),
  );
  await joinUp(servers);
  return backend({ kind: "cluster", urls: servers.map(({ url }) => url) }, servers);
}

async function joinUp(servers: RedisServer[]): Promise<void> {
  const ranges = ["0 5460", "5461 10922", "10923 16383"];
  const [first, ...others] = servers;
  for (const [at, server] of servers.entries()) {
    await server.command("CLUSTER", "SET-CONFIG-EPOCH", String(at + 1));
    await server.command("CLUSTER", "ADDSLOTSRANGE", ...ranges[at]!.split(" "));
  }
  for (const { port } of others) {
    const bus = String(await busPort(servers.find((server) => server.port === port)!));
    await first!.command("CLUSTER", "MEET", "127.0.0.1", String(port), bus);
  }
  const isWhole = async (server: RedisServer) => {
    const info = String(await server.command("CLUSTER", "INFO"));
    return info.includes("cluster_state:ok") && info.includes("cluster_known_nodes:3");
  };
  await eventually(async () => (await Promise.all(servers.map(isWhole))).every(Boolean));
}

async function busPort(server: RedisServer): Promise<number> {
  const [, port] = (await server.command("CONFIG", "GET", "cluster-port")) as [string, string];
  return Number(port);
}

async function command(url: string, args: string[]): Promise<unknown> {
  const client = createClient({ url, RESP: 2 });
  client.on("error", () => {});
  await client.connect();
  try {
    return await client.sendCommand(args);
  } finally {
    client.destroy();
  }
}

/** A Redis that somebody else runs, by the addresses of all its masters. */
function given(place: RedisPlace, urls: string[]): RedisBackend {
  const flush = async () => void (await Promise.all(urls.map((url) => command(url, ["FLUSHALL"]))));
  return { place, servers: [], flush, [Symbol.asyncDispose]: async () => {} };
}

function backend(place: RedisPlace, servers: RedisServer[]): RedisBackend {
  return {
    place,
    servers,
    flush: async () => void (await Promise.all(servers.map((one) => one.command("FLUSHALL")))),
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

/** Looks again and again, for what shows itself only by being asked. */
export async function eventually(
  seen: () => Promise<boolean>,
  { withinMs = 10_000, everyMs = 10 } = {},
): Promise<void> {
  const started = performance.now();
  while (!(await seen())) {
    if (performance.now() - started > withinMs) throw new Error("it never came");
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
