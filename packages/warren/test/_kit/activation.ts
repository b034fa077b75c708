import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync, openSync, closeSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { descriptorOf } from "./haproxy.ts";

export interface Activated {
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
}

/** A process that was started on the socket. */
export interface ActivatedProcess {
  readonly pid: number;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
}

/** One listening socket that outlives the processes which accept on it. */
export interface ActivatedSocket extends AsyncDisposable {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Starts a process with the socket as descriptor 3 and LISTEN_FDS=1, beside those that run. */
  start(program: Activated): Promise<ActivatedProcess>;
  /** What all of them have written. */
  output(): string;
}

export type HolderRequest = Activated & { id: number };
export type HolderReport = { id: number } & (
  | { pid: number }
  | { failed: string }
  | { exit: number | string }
);

/**
 * Socket activation as systemd does it, on a free port. The socket is held by a small process of its
 * own: this one would accept on it too, since Node has no way to hold a socket and not to listen.
 */
export async function activatedSocket(): Promise<ActivatedSocket> {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-activation-"));
  const logFile = join(folder.path, "output.log");
  const log = openSync(logFile, "a");
  const listener = createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1024 });
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const holder = fork(join(import.meta.dirname, "socket-holder.ts"), {
    stdio: ["ignore", log, log, descriptorOf(listener), "ipc"],
    execArgv: [],
  });
  listener.close();
  closeSync(log);
  const gone = once(holder, "exit");
  const waiting = new Map<number, (report: HolderReport) => void>();
  holder.on("message", (report: HolderReport) => waiting.get(report.id)?.(report));
  let ids = 0;
  return {
    port,
    output: () => readFileSync(logFile, "utf8"),
    start(program) {
      const id = ++ids;
      const exited = Promise.withResolvers<number | string>();
      const started = Promise.withResolvers<ActivatedProcess>();
      waiting.set(id, (report) => {
        if ("pid" in report) started.resolve({ pid: report.pid, exited: exited.promise });
        else if ("exit" in report) exited.resolve(report.exit);
        else started.reject(new Error(report.failed));
      });
      const request: HolderRequest = { id, ...program };
      holder.send(request);
      return started.promise;
    },
    async [Symbol.asyncDispose]() {
      if (holder.connected) holder.disconnect();
      await gone;
      folder.remove();
    },
  };
}
