import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** FerretDB on a folder of its own: it may be killed, and started again with what it has. */
export class FerretDb implements AsyncDisposable {
  readonly #program: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #address: string;

  private constructor(program: string, folder: string, address: string) {
    this.#program = program;
    this.#folder = folder;
    this.#address = address;
  }

  /** `program`: its path. `address`: host and port; a free port, if not given. */
  static async start(program: string, address = "127.0.0.1:0"): Promise<FerretDb> {
    const folder = await mkdtemp(join(tmpdir(), "warren-ferretdb-"));
    const server = new FerretDb(program, folder, address);
    await server.run();
    return server;
  }

  get uri(): string {
    return `mongodb://${this.#address}/`;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** On the port that it had before, if it had one. */
  async run(): Promise<void> {
    const child = spawn(this.#program, [this.#folder, this.#address], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#child = child;
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = String((await lines.next()).value);
    const [, address] = /^mongodb:\/\/([^/]+)\/$/.exec(line) ?? [];
    if (address === undefined) throw new Error(`ferretdb said: ${line}`);
    this.#address = address;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
