import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Waiting } from "@warren/host/testing";

export const BIN = fileURLToPath(new URL("../bin/warren.js", import.meta.url));

export interface Ended {
  code: number | string;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  env: Readonly<Record<string, string>>;
  cwd: string;
}

/** A command of its own: no variable of whoever runs the tests reaches it. */
export class Cli implements AsyncDisposable {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly #closed: Promise<unknown[]>;
  readonly #waiting = new Waiting();

  constructor([command = "", ...words]: readonly string[], { env, cwd }: CliOptions) {
    const own = { PATH: process.env["PATH"] ?? "", HOME: cwd };
    this.child = spawn(command, words, {
      cwd,
      env: { ...own, ...env },
      stdio: ["pipe", "pipe", "pipe"],
      // A group of its own, so that what a shell or npm started ends with it.
      detached: true,
    });
    this.child.stdout?.on("data", (text) => this.#heard({ stdout: String(text) }));
    this.child.stderr?.on("data", (text) => this.#heard({ stderr: String(text) }));
    this.#closed = once(this.child, "close");
    void this.#closed.then(() => this.#heard({}));
  }

  #heard({ stdout = "", stderr = "" }): void {
    this.stdout += stdout;
    this.stderr += stderr;
    this.#waiting.look();
  }

  get over(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** What `pattern` finds in what it has said, as soon as it has; rejects if it ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const found = await this.#waiting.until(
      () => pattern.exec(this.stdout) ?? pattern.exec(this.stderr) ?? this.over,
    );
    if (found !== true) return found;
    throw new Error(`never said ${String(pattern)}:\n${this.stdout}${this.stderr}`);
  }

  /** As `says`, in what is said from now on. */
  saysNext(pattern: RegExp): Promise<RegExpExecArray> {
    this.stdout = "";
    this.stderr = "";
    return this.says(pattern);
  }

  async ended(): Promise<Ended> {
    const [code, signal] = (await this.#closed) as [number | null, string | null];
    return { code: code ?? signal ?? "", stdout: this.stdout, stderr: this.stderr };
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.over) process.kill(-this.child.pid!, "SIGKILL");
    await this.#closed;
  }
}

export interface Up extends AsyncDisposable {
  cli: Cli;
  port: number;
  agentPid: number;
}

/** A folder that goes away, and commands that run in it. */
export function house() {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
  const start = (words: readonly string[], env: Record<string, string> = {}) =>
    new Cli([process.execPath, BIN, ...words], { env, cwd: folder.path });
  return {
    path: folder.path,
    at: (...names: string[]) => join(folder.path, ...names),
    start,
    /** `warren up` on free ports, once it has said that it runs. */
    async up(words: readonly string[] = []): Promise<Up> {
      const cli = start(["up", "--port", "0", "--admin-port", "0", ...words]);
      const [, port] = await cli.says(/demo +http:\/\/hello\.localhost:(\d+)\//);
      const [, agentPid] = await cli.says(/agent +process (\d+),/);
      await cli.says(/Ctrl-C ends it/);
      const dispose = () => cli[Symbol.asyncDispose]();
      return {
        cli,
        port: Number(port),
        agentPid: Number(agentPid),
        [Symbol.asyncDispose]: dispose,
      };
    },
    /** Runs a command to its end. */
    run: (words: readonly string[], env: Record<string, string> = {}) => start(words, env).ended(),
    [Symbol.dispose]: () => folder.remove(),
  };
}
