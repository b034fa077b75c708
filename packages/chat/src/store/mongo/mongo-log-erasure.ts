import type { Collection } from "mongodb";
import type { SessionKey } from "../../log/entry.ts";
import type { Versions } from "../../log/versions.ts";
import type { LogErasure } from "../../privacy/ports.ts";
import { sessionIdFor } from "../../sessions/session-id.ts";
import type { MongoCalls } from "./calls.ts";
import type { EntryDocument } from "./entry-document.ts";
import type { LegacyDocument } from "./mongo-legacy.ts";

export interface MongoLogErasureOptions {
  entries: Collection<EntryDocument>;
  /** What a session was brought over from goes with it. */
  legacy: Collection<LegacyDocument>;
  calls: MongoCalls;
  /** Resolves once the database is of this program's version. */
  ready: () => Promise<void>;
}

/** Takes entries out of the log in MongoDB. */
export function mongoLogErasure(options: MongoLogErasureOptions): LogErasure {
  const { entries, calls, ready } = options;
  return {
    erase(key, upTo) {
      // Over all tries: one may have removed some and lost the answer.
      let removed = 0;
      return calls.write(async () => {
        await ready();
        for (const filter of erasedFilters(key, upTo)) {
          removed += (await entries.deleteMany(filter)).deletedCount;
        }
        await eraseLegacy(options.legacy, key);
        return removed;
      });
    },
  };
}

export function erasedFilters({ userId, sessionId }: SessionKey, upTo: Versions) {
  return Object.entries(upTo).map(([origin, number]) => ({
    user_id: userId,
    session_id: sessionId,
    origin,
    number: { $lte: number },
  }));
}

/** Few of a user: by the index that the service before made. */
async function eraseLegacy(legacy: Collection<LegacyDocument>, { userId, sessionId }: SessionKey) {
  const found = await legacy.find({ uid: userId }, { projection: { _id: 1 } }).toArray();
  const ids = found.map(({ _id }) => _id).filter((id) => sessionIdFor(userId, id) === sessionId);
  if (ids.length > 0) await legacy.deleteMany({ _id: { $in: ids } });
}
