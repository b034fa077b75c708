import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Orders } from "./_member.ts";
import type { StoreConfig } from "../src/store/store-config.ts";
import { SECRETS } from "./_running-chat.ts";

const MEMBER = fileURLToPath(new URL("./_member.ts", import.meta.url));
/** What one member has compiled the others need not. */
const COMPILED = join(tmpdir(), `warren-chat-compiled-${process.pid}`);

/** For the end of a file of tests. */
export function forgetCompiled(): Promise<void> {
  return rm(COMPILED, { recursive: true, force: true });
}

/** A process with a chat. It is loaded and waits for orders: loading is most of its start. */
export class Member {
  readonly #child: ChildProcess;
  readonly #loaded: Promise<unknown>;

  /** `mostBytes`: no file of it can become larger, as on a full disk; undefined: any. */
  constructor(mostBytes?: number) {
    const env = { ...process.env, NODE_COMPILE_CACHE: COMPILED };
    const options = {
      stdio: ["ignore", "inherit", "inherit", "ipc"] as ["ignore", "inherit", "inherit", "ipc"],
      env,
    };
    // POSIX counts in blocks of 512 bytes (ulimit, -f).
    const limited = [
      `-c`,
      `ulimit -f ${Math.ceil((mostBytes ?? 0) / 512)}; exec "$0" "$@"`,
      process.execPath,
    ];
    this.#child =
      mostBytes === undefined
        ? fork(MEMBER, options)
        : fork(MEMBER, { ...options, execPath: "/bin/sh", execArgv: limited });
    this.#loaded = once(this.#child, "message");
  }

  /** Resolves with its port. */
  async start(folder: string, store: StoreConfig = { kind: "sqlite" }): Promise<number> {
    await this.#loaded;
    const orders: Orders = { folder, store, secrets: SECRETS };
    const answer = once(this.#child, "message") as Promise<[{ port: number }]>;
    this.#child.send(orders);
    const [{ port }] = await answer;
    return port;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    await gone;
  }
}
