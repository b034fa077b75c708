import type { Collection, Document } from "mongodb";
import type { SessionKey } from "../../log/entry.ts";
import type { Versions } from "../../log/versions.ts";
import type { Erasure, Erasures, LogErasure } from "../../privacy/ports.ts";
import type { MongoCalls } from "./calls.ts";
import type { EntryDocument } from "./entry-document.ts";
import { upsert } from "./inserts.ts";

/** Not sharded: few, and looked for by when they are due. */
export interface ErasureDocument extends Document {
  /** JSON of the user and the session; null: all of the user. */
  _id: string;
  user_id: string;
  session_id: string | null;
  since_ms: number;
  due_ms: number;
}

/** What is asked of the collection, for whoever proves that an index serves it. */
export const DUE = {
  filter: (wallMs: number) => ({ due_ms: { $lte: wallMs } }),
  sort: { due_ms: 1 },
} as const;

/** What is being erased, in MongoDB. */
export function mongoErasures(options: {
  latest: Collection<ErasureDocument>;
  durable: Collection<ErasureDocument>;
  calls: MongoCalls;
}): Erasures {
  const { latest, durable, calls } = options;
  return {
    put: ({ userId: user_id, sessionId, sinceMs: since_ms }, due_ms) =>
      calls.write(() => {
        const $set = { user_id, session_id: sessionId ?? null, since_ms, due_ms };
        return upsert(latest, idOf(user_id, sessionId), { $set });
      }),
    due: (wallMs, limit) =>
      calls.read(async () => {
        const found = durable.find(DUE.filter(wallMs)).sort(DUE.sort).limit(limit);
        return (await found.toArray()).map(erasureOf);
      }),
    // One that was asked for again meanwhile stays.
    remove: ({ userId, sessionId, sinceMs: since_ms }) =>
      calls.write(async () => {
        await latest.deleteOne({ _id: idOf(userId, sessionId), since_ms });
      }),
  };
}

/** Takes entries out of the log. How many is told of the last try alone, where an answer was lost. */
export function mongoLogErasure(entries: Collection<EntryDocument>, calls: MongoCalls): LogErasure {
  return {
    erase: ({ userId, sessionId }: SessionKey, upTo: Versions) =>
      calls.write(async () => {
        let count = 0;
        for (const [origin, number] of Object.entries(upTo)) {
          const of = { user_id: userId, session_id: sessionId, origin, number: { $lte: number } };
          count += (await entries.deleteMany(of)).deletedCount;
        }
        return count;
      }),
  };
}

function idOf(userId: string, sessionId: string | undefined): string {
  return JSON.stringify([userId, sessionId ?? null]);
}

function erasureOf({ user_id, session_id, since_ms }: ErasureDocument): Erasure {
  return { userId: user_id, sessionId: session_id ?? undefined, sinceMs: since_ms };
}
