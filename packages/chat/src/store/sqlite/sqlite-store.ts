import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ChatError } from "@warren/wire";
import type { MessageLog } from "../../log/ports.ts";
import type { Sessions } from "../../sessions/ports.ts";
import { sqliteSessions } from "./sqlite-sessions.ts";
import type { Operations } from "./tables.ts";
import type { Call, Failure, Reply, WorkerSettings } from "./worker.ts";

export interface SqliteStore extends AsyncDisposable {
  readonly log: MessageLog;
  readonly sessions: Sessions;
  /** The highest position that this file ever gave out. */
  lastPosition(): Promise<number>;
}

export interface SqliteStoreOptions extends WorkerSettings {
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** The worker is gone, as after a bug: nothing can be stored any more. */
  lost: (cause: unknown) => void;
}

/** Opens the file with a thread of its own. Rejects where it cannot be opened, with SQLite's words. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { file, origin, wallClock, lost } = options;
  const workerData: WorkerSettings = { file, origin };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData });
  await once(worker, "message");
  const calls = new Calls(worker, lost);
  const log: MessageLog = {
    origin,
    append: (draft) => calls.call("append", draft, wallClock()),
    after: (key, versions, limit) => calls.call("after", key, versions, limit),
    latest: (key, before, limit) => calls.call("latest", key, before, limit),
    heads: (key) => calls.call("heads", key),
    tail: (cursor, limit) => calls.call("tail", cursor, limit),
  };
  return {
    log,
    sessions: sqliteSessions((operation, ...args) => calls.call(operation, ...args)),
    lastPosition: () => calls.call("lastPosition"),
    [Symbol.asyncDispose]: () => calls.close(),
  };
}

type Arguments<K extends keyof Operations> = Parameters<Operations[K]>;
type Result<K extends keyof Operations> = ReturnType<Operations[K]>;

interface Waiting {
  resolve: (value: never) => void;
  reject: (reason: unknown) => void;
}

/** Calls of the worker: those of one turn of the event loop go in one message. */
class Calls {
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

  call<K extends keyof Operations>(operation: K, ...args: Arguments<K>): Promise<Result<K>> {
    return new Promise<Result<K>>((resolve, reject) => {
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
