import type { Collection, Document } from "mongodb";
import type { Erasure, Erasures } from "../../privacy/ports.ts";
import type { MongoCalls } from "./calls.ts";
import { upsert } from "./inserts.ts";

export interface ErasureDocument extends Document {
  user_id: string;
  /** "": every session of the user. */
  session_id: string;
  since_ms: number;
  due_ms: number;
}

export interface MongoErasuresOptions {
  latest: Collection<ErasureDocument>;
  durable: Collection<ErasureDocument>;
  calls: MongoCalls;
  /** Resolves once the unique index is there. */
  ready: () => Promise<void>;
}

/** In place of a session: every one of the user. */
const ALL = "";

export const DUE_SORT = { due_ms: 1 } as const;
export function dueFilter(wallMs: number) {
  return { due_ms: { $lte: wallMs } };
}

export const USERS_SORT = { since_ms: -1 } as const;
export function usersFilter(sinceMs: number) {
  return { session_id: ALL, since_ms: { $gte: sinceMs } };
}

/** What is being erased, in MongoDB. */
export function mongoErasures(options: MongoErasuresOptions): Erasures {
  const { latest, durable, calls, ready } = options;
  return {
    put: ({ userId, sessionId = ALL, sinceMs }, dueMs) =>
      calls.write(async () => {
        await ready();
        const times = { since_ms: sinceMs, due_ms: dueMs };
        await upsert(latest, { user_id: userId, session_id: sessionId }, { $set: times });
      }),
    due: (wallMs, limit) =>
      calls.read(async () => {
        const due = durable.find(dueFilter(wallMs)).sort(DUE_SORT).limit(limit);
        return (await due.toArray()).map(erasureOf);
      }),
    usersSince: (wallMs, limit) =>
      calls.read(async () => {
        const users = durable.find(usersFilter(wallMs)).sort(USERS_SORT).limit(limit);
        return (await users.toArray()).map(erasureOf);
      }),
    remove: ({ userId, sessionId = ALL, sinceMs }) =>
      calls.write(async () => {
        // One that was asked for again meanwhile stays.
        const done = { user_id: userId, session_id: sessionId, since_ms: sinceMs };
        await latest.deleteOne(done);
      }),
  };
}

function erasureOf({ user_id, session_id, since_ms }: ErasureDocument): Erasure {
  const sessionId = session_id === ALL ? undefined : session_id;
  return { userId: user_id, sessionId, sinceMs: since_ms };
}
