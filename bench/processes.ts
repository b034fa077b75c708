import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

export interface Program {
  /** Names its log file. */
  name: string;
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Ready when all of these ports of 127.0.0.1 accept. */
  ports: readonly number[];
  /** Time to get ready in, where it is more than the usual. */
  readyMs?: number;
}

const READY_MS = 15_000;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const STOP_MS = 10_000;
/** USER_HZ, in which /proc counts CPU time: 100 on every Linux that Node runs on (time(7)). */
const TICKS_PER_SECOND = 100;

/** The processes of one run, and a folder for what they write; both are gone when it is disposed. */
export class Processes implements AsyncDisposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), "warren-bench-"));
  readonly #children: ChildProcess[] = [];
  readonly #logFiles = new Map<number, string>();
  readonly #last: (() => void)[] = [];

  constructor() {
    for (const signal of SIGNALS) process.once(signal, this.#abandon);
  }

  /** Starts a program and resolves with its pid when it is ready; rejects with the end of its log. */
  async start(program: Program): Promise<number> {
    const logFile = path.join(this.folder, `${program.name}.log`);
    const log = openSync(logFile, "a");
    const child = spawn(program.command, program.args, {
      env: { ...process.env, ...program.env },
      cwd: this.folder,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#children.push(child);
    if (child.pid !== undefined) this.#logFiles.set(child.pid, logFile);
    try {
      await Promise.race([allAccept(program), failure(child)]);
    } catch (cause) {
      throw new Error(`${program.name} did not start:\n${lastWords(logFile)}`, { cause });
    }
    return child.pid!;
  }

  /** Throws with the end of its log when the program has ended by itself. */
  mustRun(pid: number): void {
    const child = this.#children.find((child) => child.pid === pid);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`a program has ended:\n${lastWords(this.#logFiles.get(pid) ?? "")}`);
    }
  }

  /** The end of every program's log, for whoever must find out what went wrong. */
  lastWords(): string {
    const said = [...this.#logFiles.values()].map(
      (file) => `--- ${path.basename(file)}\n${lastWords(file)}`,
    );
    return said.join("\n");
  }

  /** `task` runs when all programs have ended. */
  defer(task: () => void): void {
    this.#last.push(task);
  }

  /** Something with processes of its own: it goes with these, also where whoever opened it was interrupted. */
  goesWithThese(owned: AsyncDisposable): void {
    this.defer(() => void Promise.resolve(owned[Symbol.asyncDispose]()).catch(() => {}));
  }

  /** Ends one program and waits until it is gone. */
  async stop(pid: number): Promise<void> {
    const child = this.#children.find((child) => child.pid === pid);
    if (child !== undefined) await end(child);
  }

  /** Sends a signal, and resolves with the exit code once it is gone: null where a signal ended it. */
  async end(pid: number, signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#children.find((child) => child.pid === pid);
    if (child === undefined) throw new Error(`${pid} is none of these`);
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
    }
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.toReversed()) await end(child);
    for (const signal of SIGNALS) process.removeListener(signal, this.#abandon);
    this.#cleanUp();
  }

  #cleanUp(): void {
    for (const task of this.#last) task();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Nothing outlives a bench that is interrupted; then the signal does what it would have done. */
  readonly #abandon = (signal: NodeJS.Signals) => {
    for (const child of this.#children) child.kill("SIGKILL");
    this.#cleanUp();
    for (const signal of SIGNALS) process.removeListener(signal, this.#abandon);
    process.kill(process.pid, signal);
  };
}

function lastWords(logFile: string): string {
  return readFileSync(logFile, "utf8").slice(-2_000);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await exited;
  clearTimeout(timer);
}

async function failure(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, "exit");
  throw new Error(`ended with ${code ?? signal}`);
}

async function allAccept({ ports, readyMs = READY_MS }: Program): Promise<void> {
  for (const port of ports) await accepts(port, readyMs);
}

async function accepts(port: number, readyMs: number): Promise<void> {
  const deadline = performance.now() + readyMs;
  while (!(await tryConnect(port))) {
    if (performance.now() > deadline) throw new Error(`port ${port} never opened`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function tryConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** A port nobody listens on; programs that cannot take port 0 and say what they got need one. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}

/** User and system time of the processes and all their descendants, in microseconds. */
export function cpuMicros(pids: readonly number[]): number {
  const ticks = pids.flatMap(family).reduce((sum, pid) => sum + cpuTicks(pid), 0);
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

/** Resident memory of the process and its descendants. */
export function residentBytes(pid: number): number {
  const kilobytes = family(pid).map((pid) =>
    Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0),
  );
  return kilobytes.reduce((sum, each) => sum + each, 0) * 1024;
}

function family(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
  return [pid, ...children.split(" ").filter(Boolean).map(Number).flatMap(family)];
}

/** Fields 14 and 15 of proc_pid_stat(5), counted after the name, which may contain spaces. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
