import type { DatabaseSync, StatementSync } from "node:sqlite";
import { LRUCache } from "lru-cache";
import { accept, headWith, type Accepted } from "../../log/accept.ts";
import {
  EMPTY_HEAD,
  inOrder,
  type Draft,
  type Entry,
  type EntryKind,
  type SessionKey,
} from "../../log/entry.ts";
import { newest } from "../../log/newest.ts";
import type { Heads, Page, Tail } from "../../log/ports.ts";
import { NO_VERSIONS, numberOf, type Versions } from "../../log/versions.ts";

/** Sessions whose heads are kept: at some 300 bytes each, a few megabytes. */
const HEADS_KEPT = 20_000;

/** The log in one SQLite file that nobody else writes. Everything runs within the caller's transaction. */
export class LogTable {
  readonly #origin: string;
  readonly #heads = new LRUCache<string, Heads>({ max: HEADS_KEPT });
  readonly #sql: Record<keyof typeof SQL, StatementSync>;

  constructor(database: DatabaseSync, origin: string) {
    this.#origin = origin;
    const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#sql = Object.fromEntries(prepared) as Record<keyof typeof SQL, StatementSync>;
  }

  /** `wallMs`: epoch milliseconds. */
  append(draft: Draft, wallMs: number): Accepted {
    const accepted = accept(draft, {
      origin: this.#origin,
      head: this.heads(draft),
      existing: this.#said(draft),
      wallMs,
    });
    if (accepted.outcome === "stored") this.#insert(accepted.entry);
    return accepted;
  }

  after(key: SessionKey, versions: Versions, limit: number): Entry[] {
    const { versions: had } = this.heads(key);
    const lacking = Object.keys(had).flatMap((origin) =>
      this.#rows("after", key.userId, key.sessionId, origin, numberOf(versions, origin), limit),
    );
    return lacking.toSorted(inOrder).slice(0, limit);
  }

  latest(key: SessionKey, before: Versions | undefined, limit: number): Page {
    const top = before ?? this.heads(key).versions;
    const all = Object.entries(top).flatMap(([origin, number]) =>
      this.#rows("latest", key.userId, key.sessionId, origin, number, limit),
    );
    return newest(all, top, limit);
  }

  heads(key: SessionKey): Heads {
    const text = textOf(key);
    const known = this.#heads.get(text);
    if (known !== undefined) return known;
    const heads = this.#read(key);
    this.#heads.set(text, heads);
    return heads;
  }

  tail(cursor: string | undefined, limit: number): Tail {
    if (cursor === undefined) return { entries: [], cursor: String(this.lastPosition()) };
    const rows = this.#sql.tail.all(Number(cursor), limit) as unknown as Row[];
    const last = rows.at(-1)?.position;
    return { entries: rows.map(entryOf), cursor: last === undefined ? cursor : String(last) };
  }

  /** The highest position ever given out, of erased entries as well. */
  lastPosition(): number {
    const row = this.#sql.position.get() as { seq: number } | undefined;
    return row?.seq ?? 0;
  }

  /** Removes entries up to these numbers of each origin: how many there were. */
  erase(key: SessionKey, upTo: Versions): number {
    const { userId, sessionId } = key;
    const removed = Object.entries(upTo).map(([origin, number]) =>
      Number(this.#sql.erase.run(userId, sessionId, origin, number).changes),
    );
    this.#heads.delete(textOf(key));
    return removed.reduce((sum, count) => sum + count, 0);
  }

  /** What was written since the last commit is not there after all. */
  rolledBack(): void {
    this.#heads.clear();
  }

  #insert(entry: Entry): void {
    this.#sql.insert.run(
      entry.userId,
      entry.sessionId,
      entry.origin,
      entry.number,
      entry.hlc,
      entry.kind,
      entry.author,
      entry.clientMessageId,
      entry.controlEpoch,
      entry.isHeld ? 1 : 0,
      entry.isClosed ? 1 : 0,
      entry.body,
    );
    const { versions, ...head } = this.heads(entry);
    this.#heads.set(textOf(entry), {
      ...headWith(head, entry, this.#origin),
      versions: { ...versions, [entry.origin]: entry.number },
    });
  }

  #said({ userId, sessionId, author, clientMessageId }: Draft): Entry | undefined {
    const twins = this.#sql.said.all(userId, sessionId, author, clientMessageId);
    if (twins.length === 0) return undefined;
    return (twins as unknown as Row[]).map(entryOf).toSorted(inOrder)[0];
  }

  /** Origin by origin, so that a long session costs no more than a short one. */
  #read({ userId, sessionId }: SessionKey): Heads {
    const versions: Record<string, number> = {};
    let head = EMPTY_HEAD;
    for (let origin = ""; ;) {
      const next = this.#sql.origin.get(userId, sessionId, origin) as
        | { origin: string }
        | undefined;
      if (next === undefined) break;
      ({ origin } = next);
      const last = this.#sql.last.get(userId, sessionId, origin);
      const entry = entryOf(last as unknown as Row);
      head = headWith(head, entry, this.#origin);
      versions[origin] = entry.number;
    }
    return { ...head, versions: head === EMPTY_HEAD ? NO_VERSIONS : versions };
  }

  #rows(name: keyof typeof SQL, ...args: (string | number)[]): Entry[] {
    return (this.#sql[name].all(...args) as unknown as Row[]).map(entryOf);
  }
}

interface Row {
  position: number;
  user_id: string;
  session_id: string;
  origin: string;
  number: number;
  hlc: number;
  kind: string;
  author: string;
  client_message_id: string;
  control_epoch: number;
  is_held: number;
  is_closed: number;
  body: string;
}

const OF_SESSION = "FROM entry WHERE user_id = ? AND session_id = ?";
const SQL = {
  insert: `INSERT INTO entry (user_id, session_id, origin, number, hlc, kind, author,
    client_message_id, control_epoch, is_held, is_closed, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  said: `SELECT * ${OF_SESSION} AND author = ? AND client_message_id = ?`,
  after: `SELECT * ${OF_SESSION} AND origin = ? AND number > ? ORDER BY number LIMIT ?`,
  latest: `SELECT * ${OF_SESSION} AND origin = ? AND number <= ? ORDER BY number DESC LIMIT ?`,
  origin: `SELECT origin ${OF_SESSION} AND origin > ? ORDER BY origin LIMIT 1`,
  last: `SELECT * ${OF_SESSION} AND origin = ? ORDER BY number DESC LIMIT 1`,
  tail: "SELECT * FROM entry WHERE position > ? ORDER BY position LIMIT ?",
  erase: "DELETE FROM entry WHERE user_id = ? AND session_id = ? AND origin = ? AND number <= ?",
  position: "SELECT seq FROM sqlite_sequence WHERE name = 'entry'",
};

function entryOf(row: Row): Entry {
  return {
    userId: row.user_id,
    sessionId: row.session_id,
    origin: row.origin,
    number: row.number,
    hlc: row.hlc,
    kind: row.kind as EntryKind,
    author: row.author,
    clientMessageId: row.client_message_id,
    body: row.body,
    controlEpoch: row.control_epoch,
    isHeld: row.is_held === 1,
    isClosed: row.is_closed === 1,
  };
}

function textOf({ userId, sessionId }: SessionKey): string {
  return `${sessionId} ${userId}`;
}
