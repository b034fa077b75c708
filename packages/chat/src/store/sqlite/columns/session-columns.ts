import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ListPlan } from "../../../sessions/list-plan.ts";
import { prepareAll } from "../statements.ts";
import { Scan, type Found, type Placed } from "./scan.ts";
import { placeIn, Segment, SEGMENT_ROWS, segmentOf, type Listed } from "./segment.ts";
import { Users } from "./users.ts";

/** Names that are read at once. */
const NAMES = 1_024;

/**
 * By what sessions are filtered and sorted, of all of them, in memory: a cache of the table that is read
 * bit by bit, and goes on with every row that is written. Lists look at every row, which takes some
 * nanoseconds each, so there is no index to be written with every message, and no order of the rows for
 * which a page takes long.
 *
 * 1. A segment is loaded, or in `#toLoad`: then what is written meanwhile comes with its load.
 * 2. After a rollback the segments written since the last commit are loaded again.
 */
export class SessionColumns {
  readonly #sql: Record<keyof typeof COLUMNS_SQL, StatementSync>;
  readonly #segments: (Segment | undefined)[] = [];
  readonly #toLoad = new Set<number>();
  readonly #written = new Set<number>();
  readonly #users = new Users();
  /** The last name that was read; undefined: all were. */
  #name: string | undefined = "";

  constructor(database: DatabaseSync) {
    this.#sql = prepareAll(database, COLUMNS_SQL);
    this.#sql.rows.setReturnArrays(true);
    const { last } = this.#sql.last.get() as { last: number | null };
    const count = last === null ? 0 : segmentOf(last) + 1;
    // The newest first: a page of them is what is asked for first.
    for (let number = count - 1; number >= 0; number -= 1) this.#toLoad.add(number);
  }

  /** Reads one part of what is missing, in a few milliseconds. False: nothing is. */
  load(): boolean {
    if (this.#name !== undefined) return this.#loadNames(this.#name);
    const [number] = this.#toLoad;
    if (number === undefined) return false;
    this.#loadSegment(number);
    return true;
  }

  set(row: number, key: { userId: string; sessionId: string }, figures: Listed): void {
    const number = segmentOf(row);
    this.#written.add(number);
    if (this.#toLoad.has(number)) return;
    const segment = (this.#segments[number] ??= new Segment());
    const user = this.#users.join(key.userId);
    const former = segment.set(placeIn(row), { figures, user, sessionId: key.sessionId });
    if (former !== undefined) this.#users.leave(former);
  }

  clear(row: number): void {
    const number = segmentOf(row);
    this.#written.add(number);
    const segment = this.#segments[number];
    const former = segment?.clear(placeIn(row));
    if (former !== undefined) this.#users.leave(former);
    if (segment?.isEmpty) this.#segments[number] = undefined;
  }

  /** Undefined while something is missing: then `load` comes first. */
  list(plan: ListPlan): Found | undefined {
    if (this.#name !== undefined || this.#toLoad.size > 0) return undefined;
    const segmentAt = (row: number) => this.#segments[segmentOf(row)]!;
    return new Scan(plan, this.#users, segmentAt).run([...this.#placed()]);
  }

  committed(): void {
    this.#written.clear();
  }

  rolledBack(): void {
    for (const number of this.#written) {
      this.#drop(number);
      this.#toLoad.add(number);
    }
    this.#written.clear();
  }

  #loadNames(after: string): boolean {
    const names = (this.#sql.names.all(after, NAMES) as { user_id: string }[]).map(
      (row) => row.user_id,
    );
    this.#users.expect(names);
    this.#name = names.length < NAMES ? undefined : names.at(-1);
    return true;
  }

  #loadSegment(number: number): void {
    const segment = new Segment();
    const first = number * SEGMENT_ROWS;
    for (const stored of this.#sql.rows.all(first, first + SEGMENT_ROWS) as unknown as Stored[]) {
      const [row, userId, sessionId] = stored;
      segment.set(placeIn(row), {
        figures: listedIn(stored),
        user: this.#users.join(userId),
        sessionId,
      });
    }
    this.#segments[number] = segment.used > 0 ? segment : undefined;
    this.#toLoad.delete(number);
  }

  #drop(number: number): void {
    for (const user of this.#segments[number]?.rowUsers() ?? []) this.#users.leave(user);
    this.#segments[number] = undefined;
  }

  *#placed(): Generator<Placed> {
    for (const [number, segment] of this.#segments.entries()) {
      if (segment !== undefined) yield { segment, first: number * SEGMENT_ROWS };
    }
  }
}

/** As arrays, which come in a fraction of the time that objects take. */
type Stored = [
  id: number,
  userId: string,
  sessionId: string,
  startMs: number,
  endMs: number | null,
  lastActivityMs: number,
  messageCount: number,
  totalTokens: number,
  adminAssisted: number,
  helpOpen: number,
];

function listedIn(stored: Stored): Listed {
  return {
    startMs: stored[3],
    endMs: stored[4] ?? undefined,
    lastActivityMs: stored[5],
    messageCount: stored[6],
    totalTokens: stored[7],
    adminAssisted: stored[8] === 1,
    helpOpen: stored[9] === 1,
  };
}

export const COLUMNS_SQL = {
  last: "SELECT max(id) AS last FROM session",
  names: "SELECT DISTINCT user_id FROM session WHERE user_id > ? ORDER BY user_id LIMIT ?",
  rows: `SELECT id, user_id, session_id, start_ms, end_ms, last_activity_ms, message_count,
    total_tokens, admin_assisted, help_open FROM session WHERE id >= ? AND id < ?`,
};
