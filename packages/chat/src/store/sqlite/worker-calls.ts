import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ChatError } from "@warren/wire";
import type { Call, Failure, Reply, WorkerSettings } from "./worker.ts";

/** What a worker can be asked for, by name. */
type Operations<O> = { [K in keyof O]: (...args: never[]) => unknown };

/**
 * Starts a thread of its own for a file. `lost`: it is gone, as after a bug, and nothing can be stored any
 * more. Rejects where the file cannot be opened, with SQLite's words.
 */
export async function openWorker<O extends Operations<O>>(
  workerData: WorkerSettings,
  lost: (cause: unknown) => void,
): Promise<WorkerCalls<O>> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData });
  await once(worker, "message");
  return new WorkerCalls<O>(worker, lost);
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (reason: unknown) => void;
}

/** Calls of the worker: those of one turn of the event loop go in one message. */
export class WorkerCalls<O extends Operations<O>> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #batch: Call[] = [];
  #isClosed = false;
  #end: unknown;

  constructor(worker: Worker, lost: (cause: unknown) => void) {
    this.#worker = worker;
    worker.on("message", (said: readonly Reply[] | "closed") => {
      if (said !== "closed") for (const reply of said) this.#settle(reply);
    });
    worker.on("error", (cause) => {
      this.#end = cause;
    });
    worker.on("exit", () => {
      if (!this.#isClosed) lost(this.#end);
      this.#isClosed = true;
      for (const [id] of this.#waiting) this.#settle([id, undefined, AWAY]);
    });
  }

  call<K extends keyof O & string>(
    operation: K,
    ...args: Parameters<O[K]>
  ): Promise<ReturnType<O[K]>> {
    return new Promise<ReturnType<O[K]>>((resolve, reject) => {
      if (this.#isClosed) return reject(errorOf(AWAY));
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      if (this.#batch.push([id, operation, args]) === 1) queueMicrotask(() => this.#send());
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#send();
    this.#isClosed = true;
    const ended = once(this.#worker, "exit");
    this.#worker.postMessage("close");
    await ended;
  }

  #send(): void {
    if (this.#batch.length === 0 || this.#isClosed) return;
    this.#worker.postMessage(this.#batch);
    this.#batch = [];
  }

  #settle([id, value, error]: Reply | readonly [number, undefined, Failure]): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value as never);
    else waiting?.reject(errorOf(error));
  }
}

const AWAY: Failure = { message: "the store is closed", code: undefined };

/** Whatever SQLite says, to a client it is one thing: nothing was stored, and it may come again. */
function errorOf({ message, code }: Failure): ChatError {
  const said = code === undefined ? message : `${message} (SQLite ${code})`;
  const cause = new Error(said);
  return new ChatError("DATABASE_ERROR", "the message store is away: try again", { cause });
}
