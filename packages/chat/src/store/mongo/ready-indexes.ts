import type { Log } from "@warren/host";
import { MongoServerError, type Db } from "mongodb";
import type { MongoCalls } from "./calls.ts";
import { asGiven, type DeclaredIndex } from "./indexes.ts";

/**
 * Indexes that must be there before anything is written, and what comes `before` them. Made at the first
 * call, once for all who wait; a failure is theirs, and the next call tries again.
 */
export function readyIndexes(
  db: Db,
  needed: readonly DeclaredIndex[],
  before: () => Promise<void> = async () => {},
): () => Promise<void> {
  let ready: Promise<void> | undefined;
  const make = async () => {
    await before();
    await makeIndexes(db, needed);
  };
  return () => {
    ready ??= make().catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    return ready;
  };
}

async function makeIndexes(db: Db, indexes: readonly DeclaredIndex[]): Promise<void> {
  // One at a time: they are there already but for the very first start.
  for (const index of indexes) {
    await db.collection(index.collection).createIndex(...asGiven(index));
  }
}

interface BackgroundOptions {
  db: Db;
  calls: MongoCalls;
  /** With a guard of their own: an index of much takes longer to be made than any call may. */
  indexCalls: MongoCalls;
  log: Log;
  ready: () => Promise<void>;
  helpful: readonly DeclaredIndex[];
  /** Waits before another try; false: there is to be none. */
  pause: () => Promise<boolean>;
  closing: AbortSignal;
}

/**
 * Makes all the others, however long it takes. Failing is said once: everything works without them, but
 * slowly.
 */
export async function makeInBackground(options: BackgroundOptions): Promise<void> {
  const { log, helpful, pause, closing } = options;
  for (let failures = 0; ; failures += 1) {
    try {
      await makeHelpful(options);
      const indexes = helpful.map(({ name }) => name);
      log.info("MongoDB indexes created successfully", { indexes });
      return;
    } catch (error) {
      if (closing.aborted) return;
      if (failures === 0) log.warn("MongoDB indexes are not there yet: lists are slow", { error });
      if (!(await pause())) return;
    }
  }
}

async function makeHelpful(options: BackgroundOptions): Promise<void> {
  const { db, calls, indexCalls, ready, helpful, log } = options;
  await calls.write(ready);
  for (const index of helpful) {
    const { collection, name } = index;
    const unlessUnknown = (error: unknown) => {
      if (!(error instanceof MongoServerError && error.code === NOT_IMPLEMENTED)) throw error;
      // What only speaks MongoDB's protocol may not have it; asking again would not bring it.
      log.warn("MongoDB cannot make an index", { collection, name, why: error.message });
    };
    await indexCalls.index(() => makeIndexes(db, [index]).catch(unlessUnknown));
  }
}

/** `NotImplemented` (MongoDB's error codes). */
const NOT_IMPLEMENTED = 238;
