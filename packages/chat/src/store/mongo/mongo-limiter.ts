import type { Db } from "mongodb";
import { RateLimiterMongo, RateLimiterRes } from "rate-limiter-flexible";
import type { LimiterOf } from "../../connections/shared-limits.ts";
import type { MongoCalls } from "./calls.ts";
import { COLLECTIONS } from "./indexes.ts";

export interface MongoLimiterOptions {
  db: Db;
  calls: MongoCalls;
  /** Resolves once the unique index is there. */
  ready: () => Promise<void>;
}

/** Counters in MongoDB, for instances that have no Redis: one small write each time. */
export function mongoLimiter({ db, calls, ready }: MongoLimiterOptions): LimiterOf {
  return (name, { points, perMs }) => {
    const limiter = new RateLimiterMongo({
      storeClient: db,
      tableName: COLLECTIONS.limits,
      keyPrefix: name,
      points,
      duration: perMs / 1_000,
      // As all that is unique begins with the user; the indexes are ours.
      indexKeyPrefix: { user_id: 1 },
      disableIndexesCreation: true,
    });
    return {
      async consume(key) {
        const left = await calls.count(async () => {
          await ready();
          // That there is nothing left is an answer, and no failure of the store.
          return limiter.consume(key, 1, { attrs: { user_id: key } }).catch((reason: unknown) => {
            if (reason instanceof RateLimiterRes) return reason;
            throw reason;
          });
        });
        if (left.consumedPoints > points) throw left;
      },
    };
  };
}
