import type { Collection, Document } from "mongodb";
import type { SessionKey } from "../../log/entry.ts";
import { NO_VERSIONS, numberOf } from "../../log/versions.ts";
import type { Behind, BehindPage } from "../../sessions/behind.ts";
import type { MongoCalls } from "./calls.ts";
import type { EntryDocument } from "./entry-document.ts";
import { upsert } from "./inserts.ts";
import { OVERLAP_MS, TAIL_SORT } from "./mongo-tail.ts";
import { versionsIn, type SessionDocument } from "./session-document.ts";

/** How far something has come, by name. */
export interface MarkDocument extends Document {
  _id: string;
  position: number;
}

export interface MongoBehindOptions {
  entries: Collection<EntryDocument>;
  sessions: Collection<SessionDocument>;
  marks: Collection<MarkDocument>;
  calls: MongoCalls;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

type Looked = Pick<
  EntryDocument,
  "_id" | "user_id" | "session_id" | "origin" | "number" | "stored_at"
>;
const LOOKED = { user_id: 1, session_id: 1, origin: 1, number: 1, stored_at: 1 } as const;

/**
 * Which rows lack what their logs have. Positions are the times at which entries were stored, of which
 * those are given out that nothing can be stored under any more. All instances share one mark, so that
 * each entry is looked at by about one of them.
 */
export class MongoBehind implements Behind {
  readonly #options: MongoBehindOptions;

  constructor(options: MongoBehindOptions) {
    this.#options = options;
  }

  async last(): Promise<number> {
    return this.#options.wallClock() - OVERLAP_MS;
  }

  among(after: number, upTo: number, limit: number): Promise<BehindPage> {
    return this.#options.calls.read(async () => {
      const looked = await this.#looked(after, upTo, limit);
      const isLast = looked.length < limit;
      const reached = isLast ? upTo : looked.at(-1)!.stored_at.getTime();
      return { sessions: await this.#lacking(looked), reached };
    });
  }

  foldedTo(): Promise<number> {
    const { calls, marks } = this.#options;
    return calls.read(async () => (await marks.findOne({ _id: FOLDED }))?.position ?? 0);
  }

  setFoldedTo(position: number): Promise<void> {
    const { calls, marks } = this.#options;
    // Another instance may be further.
    return calls.write(() => upsert(marks, { _id: FOLDED }, { $max: { position } }));
  }

  /** A page, and what has the same time as its last: positions do not tell them apart. */
  async #looked(after: number, upTo: number, limit: number): Promise<Looked[]> {
    const page = await this.#find(behindFilter(after, upTo)).limit(limit).toArray();
    if (page.length < limit) return page;
    const { stored_at, _id } = page.at(-1)!;
    return [...page, ...(await this.#find({ stored_at, _id: { $gt: _id } }).toArray())];
  }

  #find(filter: object) {
    return this.#options.entries.find(filter).project<Looked>(LOOKED).sort(TAIL_SORT);
  }

  /** Numbers are dense, so a row that has a number has all before it. */
  async #lacking(looked: readonly Looked[]): Promise<SessionKey[]> {
    if (looked.length === 0) return [];
    const rows = await this.#options.sessions
      .find(rowsFilter(looked))
      .project<SessionDocument>({ user_id: 1, session_id: 1, versions: 1 })
      .toArray();
    const has = new Map(rows.map((row) => [nameOf(row), versionsIn(row.versions)]));
    const lacking = looked.filter(
      (entry) => numberOf(has.get(nameOf(entry)) ?? NO_VERSIONS, entry.origin) < entry.number,
    );
    const keys = lacking.map((entry) => [nameOf(entry), keyOf(entry)] as const);
    return [...new Map(keys).values()];
  }
}

const FOLDED = "folded";

export function behindFilter(after: number, upTo: number) {
  return { stored_at: { $gt: new Date(after), $lte: new Date(upTo) } };
}

export function rowsFilter(of: readonly Pick<Looked, "user_id" | "session_id">[]) {
  return {
    user_id: { $in: [...new Set(of.map(({ user_id }) => user_id))] },
    session_id: { $in: [...new Set(of.map(({ session_id }) => session_id))] },
  };
}

function keyOf({ user_id, session_id }: Pick<Looked, "user_id" | "session_id">): SessionKey {
  return { userId: user_id, sessionId: session_id };
}

function nameOf({ user_id, session_id }: Pick<Looked, "user_id" | "session_id">): string {
  return `${session_id} ${user_id}`;
}
