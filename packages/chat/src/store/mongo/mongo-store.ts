import { backoff, wait, type Classify, type Clock, type Guard, type Log } from "@warren/host";
import type { Collection, Db, Document, MongoClient } from "mongodb";
import type { LimiterOf } from "../../connections/shared-limits.ts";
import type { KeyStore } from "../../keys/ports.ts";
import type { Leases } from "../../leases/ports.ts";
import type { MessageLog } from "../../log/ports.ts";
import type { LegacySessions } from "../../legacy/ports.ts";
import type { CannedReplies } from "../../replies/ports.ts";
import type { Erasures, LogErasure } from "../../privacy/ports.ts";
import type { ShareLinks } from "../../shares/ports.ts";
import type { Behind } from "../../sessions/behind.ts";
import type { Sessions } from "../../sessions/ports.ts";
import { MongoCalls } from "./calls.ts";
import { clientOf, connecting, DURABLE } from "./client.ts";
import { classifyMongo } from "./failures.ts";
import { migrate } from "./migrations.ts";
import { mongoErasures } from "./mongo-erasures.ts";
import { mongoLogErasure } from "./mongo-log-erasure.ts";
import { MongoShareLinks } from "./mongo-share-links.ts";
import { mongoLegacy, type LegacyDocument } from "./mongo-legacy.ts";
import type { EntryDocument } from "./entry-document.ts";
import { COLLECTIONS, HELPFUL, KEYS, NEEDED, type DeclaredIndex } from "./indexes.ts";
import { upsert } from "./inserts.ts";
import { MongoBehind, type MarkDocument } from "./mongo-behind.ts";
import { MongoHours, type HourDocument } from "./mongo-hours.ts";
import { MongoKeyStore } from "./mongo-key-store.ts";
import { MongoLeases } from "./mongo-leases.ts";
import { mongoLimiter } from "./mongo-limiter.ts";
import { MongoLog } from "./mongo-log.ts";
import { mongoReplies } from "./mongo-replies.ts";
import { MongoSessions, type SessionCollections, type TimedOperation } from "./mongo-sessions.ts";
import type { SessionDocument } from "./session-document.ts";
import { makeInBackground, readyIndexes } from "./ready-indexes.ts";

export interface MongoStoreOptions {
  /** `mongodb://` or `mongodb+srv://`, with credentials: a secret. */
  uri: string;
  /** Of content; data keys are kept apart, in the one with `_keys` after its name. */
  database: string;
  /** Who numbers here: `CLUSTER:EPOCH`, the same for all instances of the cluster. */
  origin: string;
  /** Epoch milliseconds; of all instances within 5 s of one another. */
  wallClock: () => number;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  /** Stands between this store and MongoDB; to be given `BREAKERS.mongo`. */
  guard: (name: string, classify: Classify) => Guard;
  /** How long an operation took, in milliseconds. */
  timed: (operation: TimedOperation, ms: number) => void;
}

export interface MongoStore extends AsyncDisposable {
  readonly log: MessageLog;
  readonly sessions: Sessions;
  readonly keys: KeyStore;
  readonly leases: Leases;
  readonly limiter: LimiterOf;
  readonly logErasure: LogErasure;
  readonly shareLinks: ShareLinks;
  readonly erasures: Erasures;
  readonly behind: Behind;
  readonly legacy: LegacySessions;
  readonly replies: CannedReplies;
  /** Rejects with a `ChatError` DATABASE_ERROR while nothing can be stored: a secondary can be read. */
  check(): Promise<void>;
}

/** A crashed server is back in seconds; a missing right is given by somebody who reads the warning. */
const RETRY = { firstMs: 1_000, capMs: 15_000, heldMs: Infinity };

/**
 * The stores in MongoDB. Opens also while MongoDB is away, and connects when it is there. Throws a
 * MongoAddressError.
 */
export function openMongoStore(options: MongoStoreOptions): MongoStore {
  const base = openBase(options);
  const { client, content, calls, marks, closing } = base;
  const ready = async () => void (await Promise.all([base.ready(), base.keysReady()]));
  const making = makeInBackground({
    db: content,
    calls,
    indexCalls: base.indexCalls,
    log: options.log,
    ready,
    helpful: HELPFUL,
    pause: pauses(options, closing.signal),
    closing: closing.signal,
  });
  return {
    ...storesIn(base, options),
    check: () =>
      calls.probe(async () => {
        await ready();
        await upsert(marks, { _id: "probe" }, { $max: { position: options.wallClock() } });
      }),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await client.close();
      await making;
    },
  };
}

/** What all stores of one MongoDB share. */
interface Base {
  readonly client: MongoClient;
  readonly content: Db;
  readonly keysDb: Db;
  readonly marks: Collection<MarkDocument>;
  readonly calls: MongoCalls;
  readonly indexCalls: MongoCalls;
  /** Resolve once what uniqueness needs is there. */
  readonly ready: () => Promise<void>;
  readonly keysReady: () => Promise<void>;
  readonly closing: AbortController;
}

function openBase({ uri, database, guard }: MongoStoreOptions): Base {
  const client = clientOf(uri);
  const [content, keysDb] = [client.db(database), client.db(`${database}_keys`)];
  const marks = collectionIn<MarkDocument>(content, COLLECTIONS.marks, true);
  const [ofKeys, ofContent] = [true, false].map((isOfKeys) =>
    NEEDED.filter(({ collection }) => (collection === KEYS) === isOfKeys),
  ) as [DeclaredIndex[], DeclaredIndex[]];
  const closing = new AbortController();
  const shared = { connected: connecting(client), closing: closing.signal };
  const [calls, indexCalls] = ["mongodb", "mongodb_indexes"].map(
    (name) => new MongoCalls({ ...shared, guard: guard(name, classifyMongo) }),
  ) as [MongoCalls, MongoCalls];
  const ready = readyIndexes(content, ofContent, () => migrate(content, marks));
  const keysReady = readyIndexes(keysDb, ofKeys);
  return { client, content, keysDb, marks, calls, indexCalls, ready, keysReady, closing };
}

function storesIn(
  { content, keysDb, marks, calls, ready, keysReady }: Base,
  options: MongoStoreOptions,
) {
  const { origin, wallClock, clock, random, timed } = options;
  const shared = { calls, clock, random, wallClock, ready };
  const entries = bothOf<EntryDocument>(content, COLLECTIONS.log);
  const legacy = collectionIn<LegacyDocument>(content, COLLECTIONS.legacy, true);
  const rows = sessionCollections(content, true);
  return {
    log: new MongoLog({ ...shared, ...entries, origin }),
    legacy: mongoLegacy({
      ...shared,
      documents: legacy,
      logDatedBy: (dated) => new MongoLog({ ...shared, ...entries, origin, wallClock: dated }),
    }),
    sessions: new MongoSessions({
      ...shared,
      timed,
      latest: sessionCollections(content, false),
      durable: rows,
      hours: new MongoHours({ ...shared, ...hoursIn(content) }),
    }),
    leases: new MongoLeases({
      ...shared,
      latest: collectionIn(content, COLLECTIONS.leases, false),
    }),
    limiter: mongoLimiter({ ...shared, db: content }),
    replies: mongoReplies({
      ...shared,
      documents: collectionIn(content, COLLECTIONS.replies, true),
    }),
    keys: new MongoKeyStore({ ...shared, ...bothOf(keysDb, KEYS), ready: keysReady }),
    logErasure: mongoLogErasure({ ...shared, entries: entries.latest, legacy }),
    shareLinks: new MongoShareLinks({ ...shared, ...bothOf(content, COLLECTIONS.shares) }),
    erasures: mongoErasures({ ...shared, ...bothOf(content, COLLECTIONS.erasures) }),
    behind: new MongoBehind({
      ...shared,
      entries: entries.durable,
      sessions: rows.sessions,
      marks,
    }),
  };
}

/** Waits until it may be tried again; false once the store is closing. */
function pauses({ clock, random }: MongoStoreOptions, signal: AbortSignal) {
  const waits = backoff({ ...RETRY, random });
  return () => wait(clock, waits.next(), signal);
}

function collectionIn<T extends Document>(db: Db, name: string, isDurable: boolean): Collection<T> {
  return db.collection<T>(name, isDurable ? { readConcern: DURABLE } : {});
}

function bothOf<T extends Document>(db: Db, name: string) {
  return { latest: collectionIn<T>(db, name, false), durable: collectionIn<T>(db, name, true) };
}

function sessionCollections(db: Db, isDurable: boolean): SessionCollections {
  return {
    sessions: collectionIn(db, COLLECTIONS.sessions, isDurable),
    owners: collectionIn(db, COLLECTIONS.owners, isDurable),
    users: collectionIn(db, COLLECTIONS.users, isDurable),
  };
}

function hoursIn(db: Db) {
  const hours = collectionIn<HourDocument>(db, COLLECTIONS.hours, true);
  return { hours, sessions: collectionIn<SessionDocument>(db, COLLECTIONS.sessions, true) };
}
