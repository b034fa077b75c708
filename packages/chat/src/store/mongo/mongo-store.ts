import { backoff, wait, type Classify, type Clock, type Guard, type Log } from "@warren/host";
import { MongoClient, type Collection, type Db, type Document } from "mongodb";
import type { KeyStore } from "../../keys/ports.ts";
import type { Leases } from "../../leases/ports.ts";
import type { MessageLog } from "../../log/ports.ts";
import type { Sessions } from "../../sessions/ports.ts";
import { MongoCalls } from "./calls.ts";
import { CLIENT_OPTIONS, connecting, DURABLE } from "./client.ts";
import { databaseOf } from "./database-of.ts";
import { classifyMongo } from "./failures.ts";
import { COLLECTIONS, HELPFUL, KEYS, NEEDED } from "./indexes.ts";
import { MongoHours, type HourDocument } from "./mongo-hours.ts";
import { MongoKeyStore } from "./mongo-key-store.ts";
import { MongoLeases } from "./mongo-leases.ts";
import { MongoLog } from "./mongo-log.ts";
import { MongoSessions, type SessionCollections } from "./mongo-sessions.ts";
import type { SessionDocument } from "./session-document.ts";
import { makeInBackground, readyIndexes } from "./ready-indexes.ts";

export interface MongoStoreOptions {
  /** `mongodb://` or `mongodb+srv://`, with credentials: a secret. */
  uri: string;
  /** Undefined: as the address says, else `chat`. */
  database: string | undefined;
  /** Where data keys are kept, apart from content; undefined: the database with `_keys` after its name. */
  keysDatabase: string | undefined;
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
}

export interface MongoStore extends AsyncDisposable {
  readonly log: MessageLog;
  readonly sessions: Sessions;
  readonly keys: KeyStore;
  readonly leases: Leases;
  /** Rejects with a `ChatError` DATABASE_ERROR while MongoDB is away. */
  ping(): Promise<void>;
}

/** A crashed server is back in seconds; a missing right is given by somebody who reads the warning. */
const RETRY = { firstMs: 1_000, capMs: 15_000, heldMs: Infinity };

/**
 * The stores in MongoDB. Opens also while MongoDB is away, and connects when it is there. Throws where
 * the address cannot be read.
 */
export function openMongoStore(options: MongoStoreOptions): MongoStore {
  const { uri, origin, wallClock, clock, random, log } = options;
  const client = new MongoClient(uri, CLIENT_OPTIONS);
  // Heard, or a driver that loses a server would end the process.
  client.on("error", () => {});
  const name = options.database ?? databaseOf(uri) ?? "chat";
  const content = client.db(name);
  const keysDb = client.db(options.keysDatabase ?? `${name}_keys`);
  const closing = new AbortController();
  const calls = new MongoCalls({
    guard: options.guard("mongodb", classifyMongo),
    connected: connecting(client),
    closing: closing.signal,
  });
  const ready = readyIndexes(
    content,
    NEEDED.filter(({ collection }) => collection !== KEYS),
  );
  const keysReady = readyIndexes(
    keysDb,
    NEEDED.filter(({ collection }) => collection === KEYS),
  );
  const shared = { calls, clock, random, wallClock, ready };
  const making = makeInBackground({
    db: content,
    calls,
    log,
    ready: async () => void (await Promise.all([ready(), keysReady()])),
    helpful: HELPFUL,
    pause: pauses(options, closing.signal),
    closing: closing.signal,
  });
  return {
    log: new MongoLog({ ...shared, ...bothOf(content, COLLECTIONS.log), origin }),
    sessions: new MongoSessions({
      ...shared,
      latest: sessionCollections(content, false),
      durable: sessionCollections(content, true),
      hours: new MongoHours({ ...shared, ...hoursIn(content) }),
    }),
    leases: new MongoLeases({ ...shared, latest: collectionIn(content, COLLECTIONS.leases, false) }),
    keys: new MongoKeyStore({ ...shared, ...bothOf(keysDb, KEYS), ready: keysReady }),
    ping: () => calls.read(async () => void (await content.command({ ping: 1 }))),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await client.close();
      await making;
    },
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
