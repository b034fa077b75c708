import type { Collection, Document, FindCursor } from "mongodb";
import type { SealedValue } from "../../keys/ports.ts";
import type { ShareLink, ShareLinks } from "../../shares/ports.ts";
import { untilDecided, type Chance } from "./attempts.ts";
import type { MongoCalls } from "./calls.ts";
import { isInserted } from "./inserts.ts";

/** The link of a session. */
export interface ShareDocument extends Document {
  /** Session id: a session has one link. */
  _id: string;
  id: string;
  user_id: string;
  master_key_id: string;
  digest: string;
  sealed: string;
  created_ms: number;
  expires_ms: number;
}

export interface MongoShareLinksOptions extends Chance {
  latest: Collection<ShareDocument>;
  durable: Collection<ShareDocument>;
  calls: MongoCalls;
  /** Resolves once the database is of this program's version. */
  ready: () => Promise<void>;
}

/** What share links are asked for; small and not sharded, as they are found without their user. */
export const SHARE_FINDS = {
  named: (id: string) => ({ id }),
  digested: (digests: readonly string[]) => ({ digest: { $in: digests } }),
  ofUser: (user_id: string) => ({ user_id }),
  ofUserSort: { created_ms: -1, id: 1 },
  expired: (wallMs: number) => ({ expires_ms: { $lt: wallMs } }),
  others: (masterKeyId: string, after: string) => ({
    id: { $gt: after },
    master_key_id: { $ne: masterKeyId },
  }),
  othersSort: { id: 1 },
} as const;

/** Share links in MongoDB, in a collection of their own. */
export class MongoShareLinks implements ShareLinks {
  readonly #options: MongoShareLinksOptions;

  constructor(options: MongoShareLinksOptions) {
    this.#options = options;
  }

  async get(id: string): Promise<ShareLink | undefined> {
    return (await this.#find(SHARE_FINDS.named(id)))[0];
  }

  async find(digests: readonly string[]): Promise<ShareLink | undefined> {
    return (await this.#find(SHARE_FINDS.digested(digests)))[0];
  }

  ofSessions(sessionIds: readonly string[]): Promise<ShareLink[]> {
    return this.#find({ _id: { $in: sessionIds } });
  }

  ofUser(userId: string): Promise<ShareLink[]> {
    const { durable, calls } = this.#options;
    const { ofUser, ofUserSort } = SHARE_FINDS;
    return calls.read(async () => {
      const found = await durable.find(ofUser(userId)).sort(ofUserSort).toArray();
      return found.map(linkOf);
    });
  }

  putIfAbsent(link: ShareLink): Promise<ShareLink> {
    const { latest, durable } = this.#options;
    return this.#write((signal) =>
      untilDecided(this.#options, signal, async () => {
        if (await isInserted(latest, documentOf(link))) return link;
        // Null: it was removed meanwhile, or a majority does not have it yet.
        const kept = await durable.findOne({ _id: link.sessionId });
        return kept === null ? undefined : linkOf(kept);
      }),
    );
  }

  setEnd(id: string, expires_ms: number): Promise<boolean> {
    return this.#write(async () => {
      const ended = await this.#options.latest.updateOne({ id }, { $set: { expires_ms } });
      return ended.matchedCount === 1;
    });
  }

  remove(id: string): Promise<boolean> {
    const { latest } = this.#options;
    let wasThere = false;
    return this.#write(async () => {
      // A try before this one may have removed it and lost the answer.
      wasThere ||= (await latest.findOne({ id })) !== null;
      await latest.deleteOne({ id });
      return wasThere;
    });
  }

  removeExpired(wallMs: number, limit: number): Promise<number> {
    const { latest } = this.#options;
    const expired = SHARE_FINDS.expired(wallMs);
    let ids: string[] | undefined;
    return this.#write(async () => {
      // The same on each try: one before this may have removed them and lost the answer.
      ids ??= await idsOf(latest.find(expired, { projection: { _id: 1 } }).limit(limit));
      if (ids.length === 0) return 0;
      const these = { _id: { $in: ids } };
      // One whose end was moved meanwhile stays.
      await latest.deleteMany({ ...these, ...expired });
      return ids.length - (await idsOf(latest.find(these, { projection: { _id: 1 } }))).length;
    });
  }

  sealedByOthers(masterKeyId: string, after: string | undefined, limit: number) {
    const { durable, calls } = this.#options;
    const { others, othersSort } = SHARE_FINDS;
    return calls.read(async () => {
      const found = durable.find(others(masterKeyId, after ?? "")).sort(othersSort);
      const values = (await found.limit(limit).toArray()).map(linkOf).map(valueOf);
      return { values, next: values.length < limit ? undefined : values.at(-1)!.id };
    });
  }

  replace(old: SealedValue, fresh: SealedValue): Promise<boolean> {
    const { latest } = this.#options;
    let isRepeated = false;
    return this.#write(async () => {
      const isDone = isRepeated && (await latest.findOne(sealedAs(old.id, fresh))) !== null;
      if (isDone) return true;
      isRepeated = true;
      const { id, ...$set } = sealedAs(old.id, fresh);
      return (await latest.updateOne(sealedAs(id, old), { $set })).matchedCount === 1;
    });
  }

  #find(filter: Document): Promise<ShareLink[]> {
    const { durable, calls } = this.#options;
    return calls.read(async () => (await durable.find(filter).toArray()).map(linkOf));
  }

  #write<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#options.calls.write(async (signal) => {
      await this.#options.ready();
      return call(signal);
    });
  }
}

async function idsOf(found: FindCursor<ShareDocument>): Promise<string[]> {
  return (await found.toArray()).map(({ _id }) => _id);
}

function sealedAs(id: string, { masterKeyId, digest, sealed }: SealedValue) {
  return { id, master_key_id: masterKeyId, digest, sealed };
}

function documentOf(link: ShareLink): ShareDocument {
  return {
    _id: link.sessionId,
    user_id: link.userId,
    ...sealedAs(link.id, link),
    created_ms: link.createdAtMs,
    expires_ms: link.expiresAtMs,
  };
}

function linkOf(document: ShareDocument): ShareLink {
  return {
    id: document.id,
    userId: document.user_id,
    sessionId: document._id,
    masterKeyId: document.master_key_id,
    digest: document.digest,
    sealed: document.sealed,
    createdAtMs: document.created_ms,
    expiresAtMs: document.expires_ms,
  };
}

function valueOf({ id, masterKeyId, digest, sealed }: ShareLink): SealedValue {
  return { id, masterKeyId, digest, sealed };
}
