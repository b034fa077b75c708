import { randomId, readState, writeState, type Clock } from "@warren/host";
import * as v from "valibot";
import { keepRowsUp } from "../../sessions/behind.ts";
import { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";

/** Kept beside the database and not in it: a backup that is put back brings no memory of itself. */
const OriginFile = v.object({
  cluster: v.pipe(v.string(), v.regex(/^[\w.-]{1,100}$/)),
  epoch: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** The database has given out at least these. */
  position: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
type OriginFile = v.InferOutput<typeof OriginFile>;

/** How often the mark follows the database. Numbers given out since may be lost with it unnoticed. */
const MARK_MS = 5_000;

export interface OriginOptions {
  database: string;
  originFile: string;
  /** Name of the cluster; undefined: one of chance, kept in the file. */
  cluster: string | undefined;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  lost: (cause: unknown) => void;
  /** A mark could not be written, or a row not brought up to its log: a later one will be. */
  failed: (cause: unknown) => void;
  /** An older state of the database was put back: it numbers under a new epoch. */
  restored: (epoch: number) => void;
}

/**
 * Opens the database under an epoch in which it is known to hold all that it ever numbered: one that was
 * put back from a backup would give the same numbers out again, for other things.
 */
export async function openWithOrigin(options: OriginOptions): Promise<SqliteStore> {
  const { originFile, wallClock, restored, cluster } = options;
  const known = await readState(originFile, OriginFile);
  const name = cluster ?? known?.cluster ?? `c-${randomId(6, "hex")}`;
  const state = { cluster: name, epoch: known?.epoch ?? 1, position: known?.position ?? 0 };
  let store = await open(options, state);
  const position = await store.lastPosition();
  const isNew = position < state.position || (known === undefined && position > 0);
  if (isNew) {
    await store[Symbol.asyncDispose]();
    // Without the file nobody knows which epochs were: none had the number of this second.
    state.epoch = known === undefined ? Math.floor(wallClock() / 1_000) : state.epoch + 1;
    store = await open(options, state);
    restored(state.epoch);
  }
  await writeState(originFile, { ...state, position });
  return rowsKeptUp(marked(store, options, { ...state, position }), options);
}

function open({ database, wallClock, lost }: OriginOptions, { cluster, epoch }: OriginFile) {
  return openSqliteStore({ file: database, origin: `${cluster}:${epoch}`, wallClock, lost });
}

/** The store, with a mark of what it has given out that follows it. */
function marked(store: SqliteStore, options: OriginOptions, state: OriginFile): SqliteStore {
  const mark = new Mark(store, options, state);
  return {
    ...store,
    async [Symbol.asyncDispose]() {
      await mark.close();
      await store[Symbol.asyncDispose]();
    },
  };
}

class Mark {
  readonly #store: SqliteStore;
  readonly #options: OriginOptions;
  #state: OriginFile;
  #forget: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: SqliteStore, options: OriginOptions, state: OriginFile) {
    this.#store = store;
    this.#options = options;
    this.#state = state;
    this.#next();
  }

  async close(): Promise<void> {
    this.#forget?.();
    await this.#writing;
    this.#forget?.();
    await this.#write();
  }

  #next(): void {
    this.#forget = this.#options.clock.after(MARK_MS, () => {
      this.#writing = this.#write();
      void this.#writing.then(() => this.#next());
    });
  }

  async #write(): Promise<void> {
    const { originFile, failed } = this.#options;
    try {
      const position = await this.#store.lastPosition();
      if (position === this.#state.position) return;
      const state = { ...this.#state, position };
      await writeState(originFile, state);
      this.#state = state;
    } catch (cause) {
      failed(cause);
    }
  }
}

/** The store, with rows that catch up with their logs after a crash. */
function rowsKeptUp(store: SqliteStore, { clock, failed }: OriginOptions): SqliteStore {
  const { log, sessions, behind } = store;
  const keeping = keepRowsUp({ log, sessions, behind, clock, failed });
  return {
    ...store,
    async [Symbol.asyncDispose]() {
      await keeping[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
