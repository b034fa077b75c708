import { BREAKERS } from "@warren/host";
import type { ChatDeps } from "../chat-deps.ts";
import type { ChatEvents } from "../events.ts";
import type { Guards } from "../guards.ts";
import { keepRowsUp } from "../sessions/behind.ts";
import { isAway } from "./is-away.ts";
import type { Store } from "./store.ts";

export interface OpenMongoOptions {
  uri: string;
  database: string;
  /** Name of the cluster in the log, the same for all its instances; undefined: that of the database. */
  cluster: string | undefined;
  guards: Guards;
  events: ChatEvents;
  deps: Pick<ChatDeps, "clock" | "wallClock" | "random" | "log">;
}

/**
 * Opens also while MongoDB is away: what is asked is refused as retryable until it is there. Rejects with a
 * MongoAddressError.
 */
export async function openMongo(options: OpenMongoOptions): Promise<Store> {
  const { uri, database, cluster, guards, events, deps } = options;
  // The driver takes a quarter of a second to load, which only those pay who have MongoDB.
  const { openMongoStore } = await import("./mongo/mongo-store.ts");
  await using opened = new AsyncDisposableStack();
  const mongo = opened.use(
    openMongoStore({
      ...deps,
      uri,
      database,
      origin: `${cluster ?? nameOf(database)}:1`,
      guard: (name, classify) => guards(name, BREAKERS.mongo, classify),
      timed: (operation, ms) => events.mongoTook(operation, ms),
    }),
  );
  const { replies, log, sessions, keys, leases, behind, limiter, legacy } = mongo;
  const { logErasure, shareLinks, erasures } = mongo;
  const failed = unlessAway((cause) => events.broke("a session's row is behind its log", cause));
  opened.use(keepRowsUp({ log, sessions, behind, clock: deps.clock, failed }));
  const owned = opened.move();
  return {
    name: "mongodb",
    log,
    sessions,
    keys,
    leases,
    isShared: true,
    limiter,
    replies,
    logErasure,
    shareLinks,
    erasures,
    legacy,
    check: () => mongo.check(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** That MongoDB is away is told by its guard, once. */
function unlessAway(failed: (cause: unknown) => void): (cause: unknown) => void {
  return (cause) => {
    if (!isAway(cause)) failed(cause);
  };
}

function nameOf(database: string): string {
  return database.replaceAll(/[^\w-]/g, "-");
}
