import { ObjectId, type Collection } from "mongodb";
import * as v from "valibot";
import { LRUCache } from "lru-cache";
import type { Tail } from "../../log/ports.ts";
import { entryOf, type EntryDocument } from "./entry-document.ts";

/**
 * An entry has the time at which its instance began to write it. It shows up as long after that as the
 * write took, 10 s at most, and clocks of instances may differ by 5 s: so far back is looked each time.
 */
export const OVERLAP_MS = 15_000;
/** Keys that are looked at in one go; they come from the index alone. */
const SCANNED = 5_000;
/** Readers that are remembered; of a forgotten one what is in the overlap comes again. */
const READERS = 16;

const Id = v.pipe(v.string(), v.regex(/^[0-9a-f]{24}$/));
const Cursor = v.strictTuple([
  /** Names the reader, and the answer that ended here. */
  Id,
  Id,
  /** From when on it looks, and when that look began, epoch milliseconds. */
  v.pipe(v.number(), v.safeInteger()),
  v.pipe(v.number(), v.safeInteger()),
  /** How far it has come; absent at the beginning. */
  v.nullable(v.strictTuple([v.pipe(v.number(), v.safeInteger()), Id])),
]);
type Cursor = v.InferOutput<typeof Cursor>;
type Place = NonNullable<Cursor[4]>;

interface Reader {
  /** The times of the entries it got, by document. */
  readonly seen: Map<string, number>;
  last: { readonly answer: string; readonly given: readonly Place[] } | undefined;
}

interface Look {
  readonly reader: string;
  readonly sinceMs: number;
  readonly beganMs: number;
  readonly place: Place | null;
}

interface MongoTailOptions {
  durable: Collection<EntryDocument>;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/**
 * What was stored since, by time, with overlap. A look goes over all keys since the last one, and some
 * time before it, and reads those entries that its reader has not had. Looks end, so that what came late
 * is seen by the next one.
 */
export class MongoTail {
  readonly #options: MongoTailOptions;
  readonly #readers = new LRUCache<string, Reader>({ max: READERS });

  constructor(options: MongoTailOptions) {
    this.#options = options;
  }

  async read(text: string | undefined, limit: number): Promise<Tail> {
    const nowMs = this.#options.wallClock();
    const cursor = text === undefined ? undefined : parse(text);
    if (cursor === undefined) {
      const reader = newId();
      return { entries: [], cursor: textOf([reader, newId(), nowMs - OVERLAP_MS, nowMs, null]) };
    }
    const [reader, answer, sinceMs, beganMs, place] = cursor;
    const seen = this.#seenBy(reader, answer, sinceMs);
    // A look that begins now ends with what is there now.
    return this.#look(
      { reader, sinceMs, beganMs: place === null ? nowMs : beganMs, place },
      seen,
      limit,
    );
  }

  async #look(look: Look, seen: ReadonlyMap<string, number>, limit: number): Promise<Tail> {
    const fresh: Place[] = [];
    for (let place = look.place; ;) {
      const keys = await this.#keys(look.sinceMs, place);
      for (const key of keys) {
        if (seen.has(key[1])) continue;
        if (fresh.length === limit) return this.#answer(look, fresh, fresh.at(-1)!);
        fresh.push(key);
      }
      if (keys.length < SCANNED) return this.#answer(look, fresh, null);
      place = keys.at(-1)!;
    }
  }

  /** `place`: where the look goes on; null: it is at its end. */
  async #answer({ reader, sinceMs, beganMs }: Look, given: Place[], place: Place | null) {
    const entries = await this.#entries(given);
    const answer = newId();
    this.#reader(reader).last = { answer, given };
    const from = place === null ? beganMs - OVERLAP_MS : sinceMs;
    return { entries, cursor: textOf([reader, answer, from, beganMs, place]) };
  }

  /** Who comes with the cursor of an answer has got it. An answer that was lost on its way comes again. */
  #seenBy(name: string, answer: string, sinceMs: number): ReadonlyMap<string, number> {
    const { seen, last } = this.#reader(name);
    if (last?.answer === answer) for (const [atMs, id] of last.given) seen.set(id, atMs);
    for (const [id, atMs] of seen) if (atMs < sinceMs) seen.delete(id);
    return seen;
  }

  #reader(name: string): Reader {
    const reader = this.#readers.get(name) ?? { seen: new Map(), last: undefined };
    this.#readers.set(name, reader);
    return reader;
  }

  async #keys(sinceMs: number, place: Place | null): Promise<Place[]> {
    const keys = await this.#options.durable
      .find(tailFilter(sinceMs, place))
      .project<{ _id: ObjectId; stored_at: Date }>({ stored_at: 1, _id: 1 })
      .sort(TAIL_SORT)
      .limit(SCANNED)
      .toArray();
    return keys.map(({ _id, stored_at }) => [stored_at.getTime(), _id.toHexString()]);
  }

  async #entries(places: readonly Place[]) {
    if (places.length === 0) return [];
    const ids = places.map(([, id]) => new ObjectId(id));
    const documents = await this.#options.durable.find({ _id: { $in: ids } }).toArray();
    const byId = new Map(documents.map((document) => [document._id.toHexString(), document]));
    return places.flatMap(([, id]) => byId.get(id) ?? []).map(entryOf);
  }
}

export const TAIL_SORT = { stored_at: 1, _id: 1 } as const;

export function tailFilter(sinceMs: number, place: Place | null) {
  if (place === null) return { stored_at: { $gte: new Date(sinceMs) } };
  const [atMs, id] = place;
  const at = new Date(atMs);
  return {
    stored_at: { $gte: at },
    $or: [{ stored_at: { $gt: at } }, { _id: { $gt: new ObjectId(id) } }],
  };
}

function newId(): string {
  return new ObjectId().toHexString();
}

function textOf(cursor: Cursor): string {
  return JSON.stringify(cursor);
}

/** Undefined for what was made by another store: the reader begins anew. */
function parse(text: string): Cursor | undefined {
  try {
    const cursor = v.safeParse(Cursor, JSON.parse(text));
    return cursor.success ? cursor.output : undefined;
  } catch {
    return undefined;
  }
}
