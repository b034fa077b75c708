import type { Collection, Document } from "mongodb";
import type { SealedValue } from "../../keys/ports.ts";
import type { ShareLink, ShareLinks } from "../../shares/ports.ts";
import type { MongoCalls } from "./calls.ts";
import { isInserted } from "./inserts.ts";

/** Not sharded: a session's link is looked up by the session, which is its `_id`, or by its digest. */
export interface ShareDocument extends Document {
  /** Session id: it has one link. */
  _id: string;
  share_id: string;
  user_id: string;
  master_key_id: string;
  digest: string;
  sealed: string;
  created_at_ms: number;
  expires_at_ms: number;
}

export interface MongoSharesOptions {
  latest: Collection<ShareDocument>;
  durable: Collection<ShareDocument>;
  calls: MongoCalls;
}

/** What is asked of the collection, for whoever proves that an index serves it. */
export const SHARE_FINDS = {
  byId: (share_id: string) => ({ share_id }),
  byDigest: (digests: readonly string[]) => ({ digest: { $in: [...digests] } }),
  ofUser: (user_id: string) => ({ user_id }),
  after: (share_id: string) => ({ share_id: { $gt: share_id } }),
  expired: (wallMs: number) => ({ expires_at_ms: { $lt: wallMs } }),
};
export const SHARE_SORTS = {
  newest: { created_at_ms: -1, share_id: 1 },
  byId: { share_id: 1 },
  byEnd: { expires_at_ms: 1 },
} as const;

/** Share links in MongoDB. What changes one is repeated after a lost answer, and then found done. */
export function mongoShareLinks({ latest, durable, calls }: MongoSharesOptions): ShareLinks {
  const one = (filter: object) =>
    calls.read(async () => {
      const found = await durable.findOne(filter);
      return found === null ? undefined : linkOf(found);
    });
  return {
    get: (id) => one(SHARE_FINDS.byId(id)),
    find: (digests) => one(SHARE_FINDS.byDigest(digests)),
    ofSessions: (ids) =>
      calls.read(async () =>
        (await durable.find({ _id: { $in: [...ids] } }).toArray()).map(linkOf),
      ),
    ofUser: (userId) =>
      calls.read(async () => {
        const found = durable.find(SHARE_FINDS.ofUser(userId)).sort(SHARE_SORTS.newest);
        return (await found.toArray()).map(linkOf);
      }),
    putIfAbsent: (link) =>
      calls.write(async () => {
        for (;;) {
          if (await isInserted(latest, documentOf(link))) return link;
          const kept = await latest.findOne({ _id: link.sessionId });
          // It was removed meanwhile.
          if (kept !== null) return linkOf(kept);
        }
      }),
    setEnd: (id, expires_at_ms) =>
      calls.write(async () => {
        const set = await latest.updateOne(SHARE_FINDS.byId(id), { $set: { expires_at_ms } });
        return set.matchedCount === 1;
      }),
    remove(id) {
      let wasThere = false;
      return calls.write(async () => {
        wasThere ||= (await latest.findOne(SHARE_FINDS.byId(id))) !== null;
        await latest.deleteOne(SHARE_FINDS.byId(id));
        return wasThere;
      });
    },
    removeExpired: (wallMs, limit) =>
      calls.write(async () => {
        const filter = SHARE_FINDS.expired(wallMs);
        const found = await latest.find(filter).sort(SHARE_SORTS.byEnd).limit(limit).toArray();
        if (found.length === 0) return 0;
        const _id = { $in: found.map((document) => document._id) };
        return (await latest.deleteMany({ _id, ...filter })).deletedCount;
      }),
    sealedByOthers: (masterKeyId, after, limit) =>
      calls.read(async () => {
        const found = durable.find(SHARE_FINDS.after(after ?? "")).sort(SHARE_SORTS.byId);
        const page = (await found.limit(limit).toArray()).map(linkOf);
        const values = page.filter((link) => link.masterKeyId !== masterKeyId).map(valueOf);
        return { values, next: page.length < limit ? undefined : page.at(-1)?.id };
      }),
    replace(old, fresh) {
      let isRepeated = false;
      return calls.write(async () => {
        const replaced = await latest.updateOne(asStored(old), { $set: sealedOf(fresh) });
        if (replaced.matchedCount === 1) return true;
        const isDone = isRepeated && (await latest.findOne(asStored(fresh))) !== null;
        isRepeated = true;
        return isDone;
      });
    },
  };
}

function sealedOf({ masterKeyId, digest, sealed }: SealedValue) {
  return { master_key_id: masterKeyId, digest, sealed };
}

function asStored(value: SealedValue) {
  return { share_id: value.id, ...sealedOf(value) };
}

function documentOf(link: ShareLink): ShareDocument {
  const { sessionId, userId, createdAtMs, expiresAtMs } = link;
  return {
    _id: sessionId,
    ...asStored(link),
    user_id: userId,
    created_at_ms: createdAtMs,
    expires_at_ms: expiresAtMs,
  };
}

function linkOf(document: ShareDocument): ShareLink {
  return {
    id: document.share_id,
    userId: document.user_id,
    sessionId: document._id,
    masterKeyId: document.master_key_id,
    digest: document.digest,
    sealed: document.sealed,
    createdAtMs: document.created_at_ms,
    expiresAtMs: document.expires_at_ms,
  };
}

function valueOf({ id, masterKeyId, digest, sealed }: ShareLink): SealedValue {
  return { id, masterKeyId, digest, sealed };
}
