import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Figures } from "../../../sessions/figures.ts";
import type { ListPlan } from "../../../sessions/list-plan.ts";
import { FIGURE_COLUMNS, figuresIn, type StoredFigures } from "../figure-columns.ts";
import { prepareAll } from "../statements.ts";
import { Scan, type Found, type Placed } from "./scan.ts";
import { placeIn, Segment, SEGMENT_ROWS, segmentOf } from "./segment.ts";
import { Users } from "./users.ts";

/** Names that are read at once. */
const NAMES = 4_096;

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

  set(row: number, key: { userId: string; sessionId: string }, figures: Figures): void {
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

  list(plan: ListPlan): Found {
    while (this.load());
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
    for (const stored of this.#sql.rows.iterate(first, first + SEGMENT_ROWS)) {
      const row = stored as unknown as Stored;
      const user = this.#users.join(row.user_id);
      segment.set(placeIn(row.id), { figures: figuresIn(row), user, sessionId: row.session_id });
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

interface Stored extends StoredFigures {
  id: number;
  user_id: string;
  session_id: string;
}

export const COLUMNS_SQL = {
  last: "SELECT max(id) AS last FROM session",
  names: "SELECT DISTINCT user_id FROM session WHERE user_id > ? ORDER BY user_id LIMIT ?",
  rows: `SELECT id, user_id, session_id, ${FIGURE_COLUMNS} FROM session WHERE id >= ? AND id < ?`,
};
