/** What tests need besides Node. Absent: said plainly and skipped, or a failure where CI requires it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempDisposableSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as later } from "node:timers/promises";

/**
 * The address of a running service, from the environment: `REDIS_URL`, `REDIS_CLUSTER_URL`. For
 * `describe.skipIf(url === undefined)`.
 */
export function service(name: string): string | undefined {
  return found(process.env[name] || undefined, `the variable ${name} is not set`);
}

/** The path of a program such as `haproxy` or `redis-server`. */
export function programPath(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  const path = folders.map((folder) => join(folder, name)).find(isExecutable);
  return found(path, `the program ${name} is not installed`);
}

function found(value: string | undefined, missing: string): string | undefined {
  if (value !== undefined) return value;
  if (process.env["WARREN_REQUIRE_SERVICES"] === "1") {
    throw new Error(`${missing}, and WARREN_REQUIRE_SERVICES=1 says that every test must run`);
  }
  process.stderr.write(`tests skipped: ${missing}\n`);
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A Redis of the test's own, which it may kill, restart and flush. Keeps nothing on disk. */
export interface PrivateRedis extends AsyncDisposable {
  readonly url: string;
  /** Ends the process as a crash would; data are lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  /** Stops answering without closing anything; `thaw` ends that. */
  freeze(): void;
  thaw(): void;
  flush(): Promise<void>;
}

/** Starts `redis-server`, as found by `programPath`, on a free loopback port. */
export async function privateRedis(program: string): Promise<PrivateRedis> {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-redis-"));
  let { child, port } = await startAnywhere(program, folder.path);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart() {
      await kill();
      const again = await startOn(program, folder.path, port);
      if (again === undefined) throw new Error(`port ${port} was taken meanwhile`);
      child = again;
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    flush: () => command(port, "FLUSHALL"),
    async [Symbol.asyncDispose]() {
      await kill();
      folder.remove();
    },
  };
}

/** Redis takes no port 0, so ports are tried until one is free. */
async function startAnywhere(program: string, folder: string) {
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const child = await startOn(program, folder, port);
    if (child !== undefined) return { child, port };
  }
  throw new Error("no free port for redis-server");
}

const REDIS_START_MS = 10_000;

/** Undefined when it ended before it was ready: the port is taken. */
async function startOn(
  program: string,
  folder: string,
  port: number,
): Promise<ChildProcess | undefined> {
  const settings = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
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

/** One inline command (redis.io, "Redis serialization protocol", inline commands). */
async function command(port: number, words: string): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.end(`${words}\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  if (!answer.toString().startsWith("+OK")) throw new Error(`redis: ${answer.toString()}`);
}
