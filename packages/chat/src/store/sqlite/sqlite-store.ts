import type { Leases } from "../../leases/ports.ts";
import type { MessageLog } from "../../log/ports.ts";
import type { CannedReplies } from "../../replies/ports.ts";
import type { Erasures, LogErasure } from "../../privacy/ports.ts";
import type { Behind } from "../../sessions/behind.ts";
import type { Sessions } from "../../sessions/ports.ts";
import type { ShareLinks } from "../../shares/ports.ts";
import { sqliteErasures, sqliteShareLinks } from "./sqlite-records.ts";
import { sqliteSessions } from "./sqlite-sessions.ts";
import type { CallWorker, Operations } from "./tables.ts";
import { openWorker } from "./worker-calls.ts";

export interface SqliteStore extends AsyncDisposable {
  readonly log: MessageLog;
  readonly sessions: Sessions;
  readonly behind: Behind;
  readonly leases: Leases;
  readonly replies: CannedReplies;
  readonly logErasure: LogErasure;
  readonly shareLinks: ShareLinks;
  readonly erasures: Erasures;
  /** The highest position that this file ever gave out. */
  lastPosition(): Promise<number>;
  /** Rejects with a `ChatError` where nothing can be stored: a full disk can be read. */
  check(): Promise<void>;
}

export interface SqliteStoreOptions {
  file: string;
  /** Who numbers here: `CLUSTER:EPOCH`. */
  origin: string;
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** The worker is gone, as after a bug: nothing can be stored any more. */
  lost: (cause: unknown) => void;
}

/** Opens the file with a thread of its own. Rejects where it cannot be opened, with SQLite's words. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { file, origin, wallClock, lost } = options;
  const calls = await openWorker<Operations>({ kind: "content", file, origin }, lost);
  const call: CallWorker = (operation, ...args) => calls.call(operation, ...args);
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
    sessions: sqliteSessions(call),
    logErasure: { erase: (key, upTo) => call("eraseEntries", key, upTo) },
    shareLinks: sqliteShareLinks(call),
    erasures: sqliteErasures(call),
    behind: {
      last: () => calls.call("lastPosition"),
      among: (after, upTo, limit) => calls.call("behind", after, upTo, limit),
      foldedTo: () => calls.call("foldedTo"),
      setFoldedTo: (position) => calls.call("setFoldedTo", position),
    },
    leases: {
      get: (name) => calls.call("getLease", name),
      put: (name, was, next) => calls.call("putLease", name, was, next),
      list: (kind, holder, limit) => calls.call("listLeases", kind, holder, limit),
      holders: (kind) => calls.call("leaseHolders", kind),
      marks: (kind, notOf) => calls.call("leaseMarks", kind, notOf),
    },
    replies: {
      list: () => calls.call("listReplies"),
      add: (reply) => calls.call("addReply", reply),
      replace: (reply) => calls.call("replaceReply", reply),
      remove: (id) => calls.call("removeReply", id),
    },
    lastPosition: () => calls.call("lastPosition"),
    check: () => calls.call("probe", wallClock()),
    [Symbol.asyncDispose]: () => calls.close(),
  };
}
