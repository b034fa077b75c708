import type { Collection, Filter } from "mongodb";
import * as v from "valibot";
import type { KeyPage, KeyRecord, KeyStore } from "../../keys/ports.ts";
import { untilDecided, type Chance } from "./attempts.ts";
import type { MongoCalls } from "./calls.ts";
import { keptKey, recordsOf, type KeyDocument } from "./key-document.ts";
import { isInserted } from "./inserts.ts";

export interface MongoKeyStoreOptions extends Chance {
  latest: Collection<KeyDocument>;
  durable: Collection<KeyDocument>;
  calls: MongoCalls;
  /** Resolves once the unique index is there. */
  ready: () => Promise<void>;
}

interface Change<T> {
  readonly answer: T;
  /** What the session is from now on; undefined: as it is. */
  readonly next: Pick<KeyDocument, "is_destroyed" | "keys"> | undefined;
}

/** Data keys in MongoDB, each session's changed by compare-and-set on the count of its changes. */
export class MongoKeyStore implements KeyStore {
  readonly #options: MongoKeyStoreOptions;

  constructor(options: MongoKeyStoreOptions) {
    this.#options = options;
  }

  get(userId: string, sessionId: string): Promise<readonly KeyRecord[] | "destroyed"> {
    const { calls, durable } = this.#options;
    return calls.read(async () => {
      const known = await durable.findOne({ user_id: userId, session_id: sessionId });
      if (known?.is_destroyed) return "destroyed";
      return known === null ? [] : recordsOf(known);
    });
  }

  putIfAbsent(record: KeyRecord): Promise<KeyRecord | "destroyed"> {
    return this.#change(record, (known): Change<KeyRecord | "destroyed"> => {
      if (known?.is_destroyed) return { answer: "destroyed", next: undefined };
      const kept = known && recordsOf(known).find(({ number }) => number === record.number);
      if (kept !== undefined) return { answer: kept, next: undefined };
      const keys = [...(known?.keys ?? []), keptKey(record)];
      return { answer: record, next: { is_destroyed: false, keys } };
    });
  }

  rewrap(fresh: KeyRecord, fromMasterKeyId: string): Promise<boolean> {
    let isRepeated = false;
    return this.#change(fresh, (known) => {
      const keys = known?.keys ?? [];
      const at = keys.findIndex(
        ({ number, key_id }) => number === fresh.number && key_id === fresh.keyId,
      );
      const { masterKeyId: master_key_id, wrapped } = fresh;
      const isOurs = keys[at]?.master_key_id === master_key_id && keys[at].wrapped === wrapped;
      const isDone = isRepeated && isOurs;
      if (isDone || keys[at]?.master_key_id !== fromMasterKeyId) {
        return { answer: isDone, next: undefined };
      }
      isRepeated = true;
      const next = keys.with(at, { ...keys[at], master_key_id, wrapped });
      return { answer: true, next: { is_destroyed: false, keys: next } };
    });
  }

  destroy(userId: string, sessionId: string): Promise<void> {
    return this.#change({ userId, sessionId }, (known) => ({
      answer: undefined,
      next: known?.is_destroyed ? undefined : { is_destroyed: true, keys: [] },
    }));
  }

  wrappedByOthers(masterKeyId: string, after: string | undefined, limit: number) {
    return this.#options.calls.read(() => this.#page(masterKeyId, after, limit));
  }

  /** `decide` is asked until what it decided upon is what is there. */
  #change<T>(
    { userId, sessionId }: Pick<KeyRecord, "userId" | "sessionId">,
    decide: (known: KeyDocument | undefined) => Change<T>,
  ): Promise<T> {
    const { calls, ready, latest } = this.#options;
    const key = { user_id: userId, session_id: sessionId };
    return calls.write(async (signal) => {
      await ready();
      const decided = await untilDecided(this.#options, signal, async () => {
        const known = (await latest.findOne(key)) ?? undefined;
        const change = decide(known);
        const isSo =
          change.next === undefined
            ? await this.#isDurable(key, known)
            : await this.#isKept({ ...key, ...change.next }, known);
        return isSo ? change : undefined;
      });
      return decided.answer;
    });
  }

  /** Nothing is answered that a server which fails could take back. */
  async #isDurable(key: Filter<KeyDocument>, known: KeyDocument | undefined): Promise<boolean> {
    if (known === undefined) return true;
    const durable = await this.#options.durable.findOne(key);
    return durable?.revision === known.revision;
  }

  async #isKept(next: Omit<KeyDocument, "revision">, known: KeyDocument | undefined) {
    const { latest } = this.#options;
    const document = { ...next, revision: (known?.revision ?? 0) + 1 } as KeyDocument;
    if (known === undefined) return isInserted(latest, document);
    const { user_id, session_id, revision } = known;
    const replaced = await latest.replaceOne({ user_id, session_id, revision }, document);
    return replaced.matchedCount === 1;
  }

  /** Sessions in the order of their keys; a page ends within one that has more keys than fit. */
  async #page(masterKeyId: string, after: string | undefined, limit: number): Promise<KeyPage> {
    const place = after === undefined ? undefined : v.parse(Place, JSON.parse(after));
    const documents = await this.#options.durable
      .find(place === undefined ? {} : from(place))
      .sort({ user_id: 1, session_id: 1 })
      .limit(limit + 1)
      .toArray();
    const all = documents
      .flatMap(recordsOf)
      .filter((record) => place === undefined || isAfter(record, place));
    const looked = all.slice(0, limit);
    const last = looked.at(-1) ?? documents.at(-1);
    const isLast = documents.length <= limit && all.length <= limit;
    return {
      records: looked.filter((record) => record.masterKeyId !== masterKeyId),
      next: isLast || last === undefined ? undefined : JSON.stringify(placeOf(last)),
    };
  }
}

/** User, session, and number of the last key that was looked at. */
const Place = v.strictTuple([v.string(), v.string(), v.pipe(v.number(), v.safeInteger())]);
type Place = v.InferOutput<typeof Place>;

function from([user_id, session_id]: Place): Filter<KeyDocument> {
  const rest = [{ user_id: { $gt: user_id } }, { user_id, session_id: { $gte: session_id } }];
  return { user_id: { $gte: user_id }, $or: rest };
}

function isAfter({ userId, sessionId, number }: KeyRecord, place: Place): boolean {
  return userId !== place[0] || sessionId !== place[1] || number > place[2];
}

function placeOf(last: KeyRecord | KeyDocument): Place {
  if ("userId" in last) {
    const { userId, sessionId, number } = last as KeyRecord;
    return [userId, sessionId, number];
  }
  const { user_id, session_id } = last;
  return [user_id, session_id, Number.MAX_SAFE_INTEGER];
}
