/** MongoDB for tests: one that is given by MONGO_URI, and a program of which a test may kill processes. */
import {
  BREAKERS,
  guard,
  GuardMetrics,
  promMetrics,
  systemClock,
  type BreakerOptions,
  type Classify,
} from "@warren/host";
import { programPath, recordingLog, service, silentLog } from "@warren/host/testing";
import { MongoClient } from "mongodb";
import { MongoCalls } from "../src/store/mongo/calls.ts";
import { CLIENT_OPTIONS, connecting, DURABLE } from "../src/store/mongo/client.ts";
import type { EntryDocument } from "../src/store/mongo/entry-document.ts";
import { classifyMongo } from "../src/store/mongo/failures.ts";
import { COLLECTIONS, NEEDED } from "../src/store/mongo/indexes.ts";
import { MongoLog } from "../src/store/mongo/mongo-log.ts";
import { readyIndexes } from "../src/store/mongo/ready-indexes.ts";
import {
  openMongoStore,
  type MongoStore,
  type MongoStoreOptions,
} from "../src/store/mongo/mongo-store.ts";

export const MONGO_URI = service("MONGO_URI");
export const FERRETDB = programPath("ferretdb");

/**
 * The same over one connection. MongoDB changes a document only if it still fits the filter, all at once;
 * FerretDB looks first and writes then, so that of two calls both may change it. One at a time they cannot.
 * Over many where MONGO_IS_ATOMIC=1 says that MONGO_URI names one that does it as MongoDB does.
 */
export function oneByOne(uri: string): string {
  if (process.env["MONGO_IS_ATOMIC"] === "1") return uri;
  const url = new URL(uri);
  url.searchParams.set("maxPoolSize", "1");
  return url.href;
}

export interface OpenOptions {
  uri: string;
  database: string;
  wallClock?: () => number;
  log?: ReturnType<typeof recordingLog>;
  breaker?: BreakerOptions;
  origin?: string;
  timed?: MongoStoreOptions["timed"];
}

/** The logs of many instances of one cluster, without all else that they would have. */
export function logsOf(uri: string, database: string, count: number) {
  const client = new MongoClient(uri, CLIENT_OPTIONS);
  const db = client.db(database);
  const options = {
    latest: db.collection<EntryDocument>(COLLECTIONS.log),
    durable: db.collection<EntryDocument>(COLLECTIONS.log, { readConcern: DURABLE }),
    calls: new MongoCalls({
      guard: guarded("mongodb", classifyMongo),
      connected: connecting(client),
      closing: new AbortController().signal,
    }),
    ready: readyIndexes(
      db,
      NEEDED.filter(({ collection }) => collection === COLLECTIONS.log),
    ),
    origin: "home:1",
    wallClock: Date.now,
    clock: systemClock,
    random: Math.random,
  };
  return {
    logs: Array.from({ length: count }, () => new MongoLog(options)),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

function guarded(name: string, classify: Classify, breaker: BreakerOptions = BREAKERS.mongo) {
  const metrics = new GuardMetrics(promMetrics());
  const deps = { clock: systemClock, random: Math.random, metrics, log: silentLog() };
  return guard(name, { breaker, classify }, deps);
}

/** A store as the service opens it, on real time. */
export function openStore(options: OpenOptions): MongoStore {
  const { uri, database, wallClock, log, breaker, origin, timed } = options;
  return openMongoStore({
    uri,
    database,
    origin: origin ?? "home:1",
    wallClock: wallClock ?? Date.now,
    clock: systemClock,
    random: Math.random,
    log: log ?? silentLog(),
    guard: (name, classify) => guarded(name, classify, breaker),
    timed: timed ?? (() => {}),
  });
}
