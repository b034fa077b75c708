import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as later } from "node:timers/promises";

/** A Redis of the test's own, which it may kill, restart and flush. Keeps nothing on disk. */
export interface PrivateRedis extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Ends the process as a crash would; data are lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  /** Stops answering without closing anything; `thaw` ends that. */
  freeze(): void;
  thaw(): void;
  flush(): Promise<void>;
  /** What it answers to a command. */
  command(...words: string[]): Promise<unknown>;
}

/**
 * Starts `redis-server`, as found by `programPath`, on a free loopback port. `settings`: more of its
 * options, like `["--cluster-enabled", "yes"]`.
 */
export async function privateRedis(
  program: string,
  settings: readonly string[] = [],
): Promise<PrivateRedis> {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-redis-"));
  const args = ["--dir", folder.path, ...settings];
  let { child, port } = await startAnywhere(program, args);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart() {
      await kill();
      const again = await startOn(program, args, port);
      if (again === undefined) throw new Error(`port ${port} was taken meanwhile`);
      child = again;
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    flush: async () => void (await redisCommand(port, ["FLUSHALL"])),
    command: (...words) => redisCommand(port, words),
    async [Symbol.asyncDispose]() {
      await kill();
      folder.remove();
    },
  };
}

/** Redis takes no port 0, so ports are tried until one is free. */
async function startAnywhere(program: string, args: readonly string[]) {
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const child = await startOn(program, args, port);
    if (child !== undefined) return { child, port };
  }
  throw new Error("no free port for redis-server");
}

const REDIS_START_MS = 10_000;

/** Undefined when it ended before it was ready: the port is taken. */
async function startOn(
  program: string,
  args: readonly string[],
  port: number,
): Promise<ChildProcess | undefined> {
  const settings = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", ...args];
  const child = spawn(program, ["--port", String(port), ...settings], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const started = async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes("Ready to accept connections")) return true;
    }
    return false;
  };
  const ready = await Promise.race([started(), later(REDIS_START_MS, false, { ref: false })]);
  child.stdout.resume();
  if (ready) return child;
  child.kill("SIGKILL");
  return undefined;
}

/** Over a connection of its own. */
export async function redisCommand(port: number, words: readonly string[]): Promise<unknown> {
  // Most who use this folder have no Redis.
  const { createClient } = await import("redis");
  const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP: 2 });
  // The command itself says what is wrong.
  client.on("error", () => {});
  await client.connect();
  try {
    return await client.sendCommand([...words]);
  } finally {
    client.destroy();
  }
}
