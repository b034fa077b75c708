import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { SessionKey } from "../../log/entry.ts";
import { isSame, type Versions } from "../../log/versions.ts";
import type { Figures } from "../../sessions/figures.ts";
import type { ListPlan } from "../../sessions/list-plan.ts";
import type { SessionMetrics } from "../../sessions/ports.ts";
import { SessionColumns } from "./columns/session-columns.ts";
import { EarlyList } from "./early-list.ts";
import {
  COUNT_COLUMNS,
  countsOf,
  FIGURE_COLUMNS,
  figuresIn,
  TIME_COLUMNS,
  timesOf,
  type StoredFigures,
} from "./figure-columns.ts";
import { SessionHours } from "./session-hours.ts";
import { prepareAll } from "./statements.ts";
import { versionsIn, type StoredRow } from "../stored-row.ts";

/** A row to be stored, with its figures. */
export interface Folded extends StoredRow {
  readonly figures: Figures;
}

/** `taken`: another user has a session of this id. */
export type FoldOutcome = "folded" | "behind" | "taken";

/**
 * The rows of all sessions, with the sums by the hour and the columns in memory that go along with each
 * write. Everything runs within the caller's transaction, which others share: nothing here throws
 * because of what somebody asks for.
 */
export class SessionTable {
  readonly #sql: Record<keyof typeof SESSION_SQL, StatementSync>;
  readonly #hours: SessionHours;
  readonly #columns: SessionColumns;
  readonly #early: EarlyList;

  constructor(database: DatabaseSync) {
    this.#sql = prepareAll(database, SESSION_SQL);
    this.#sql.byIds.setReturnArrays(true);
    this.#hours = new SessionHours(database);
    this.#columns = new SessionColumns(database);
    this.#early = new EarlyList(database);
  }

  get(key: SessionKey): StoredRow | undefined {
    const stored = this.#sql.text.get(key.sessionId) as Text | undefined;
    if (stored?.user_id !== key.userId) return undefined;
    return { ...key, versions: stored.versions, row: stored.row };
  }

  find(sessionId: string): SessionKey | undefined {
    const userId = this.#row(sessionId)?.user_id;
    return userId === undefined ? undefined : { userId, sessionId };
  }

  fold(folded: Folded, was: Versions | undefined): FoldOutcome {
    const stored = this.#row(folded.sessionId);
    if (stored !== undefined && stored.user_id !== folded.userId) return "taken";
    if (stored === undefined || was === undefined) {
      if (stored !== was) return "behind";
      this.#insert(folded);
      return "folded";
    }
    if (!isSame(versionsIn(stored.versions), was)) return "behind";
    this.#update(stored, folded);
    return "folded";
  }

  /**
   * Those of the page and one more; the total is exact up to `TOTAL_COUNTED`. Undefined: it needs
   * what is not loaded yet, and is not while others wait.
   */
  list(plan: ListPlan): { rows: StoredRow[]; total: number } | undefined {
    const found = this.#columns.list(plan) ?? this.#early.list(plan);
    return found && { rows: this.#rows(found.rows), total: found.total };
  }

  metrics(fromMs: number, toMs: number): SessionMetrics {
    return this.#hours.metrics(fromMs, toMs);
  }

  active(userId: string): SessionKey | undefined {
    const sessionId = this.#pointer(userId);
    if (sessionId === undefined || this.#isOver(userId, sessionId)) return undefined;
    return { userId, sessionId };
  }

  activate(userId: string, was: SessionKey | undefined, next: SessionKey | undefined): boolean {
    const pointer = this.#pointer(userId);
    const isStill =
      pointer === was?.sessionId ||
      (was === undefined && pointer !== undefined && this.#isOver(userId, pointer));
    if (!isStill) return false;
    if (next === undefined) this.#sql.unpoint.run(userId);
    else this.#sql.point.run(userId, next.sessionId);
    return true;
  }

  forget({ userId, sessionId }: SessionKey): void {
    if (this.#pointer(userId) === sessionId) this.#sql.unpoint.run(userId);
    const stored = this.#row(sessionId);
    if (stored === undefined || stored.user_id !== userId) return;
    this.#sql.remove.run(stored.id);
    this.#hours.change(figuresIn(stored), undefined);
    this.#columns.clear(stored.id);
  }

  /** Loads a part of what lists need, in a few milliseconds. False: everything is there. */
  load(): boolean {
    return this.#columns.load();
  }

  committed(): void {
    this.#columns.committed();
  }

  rolledBack(): void {
    this.#columns.rolledBack();
  }

  #insert(folded: Folded): void {
    const { userId, sessionId, figures, versions, row } = folded;
    const values = [...timesOf(figures), ...countsOf(figures)];
    const { lastInsertRowid } = this.#sql.insert.run(userId, sessionId, ...values, versions, row);
    this.#hours.change(undefined, figures);
    this.#columns.set(Number(lastInsertRowid), folded, figures);
  }

  #update(stored: Row, folded: Folded): void {
    const { figures, versions, row } = folded;
    const before = figuresIn(stored);
    this.#sql.update.run(...countsOf(figures), versions, row, stored.id);
    const isMoved = before.startMs !== figures.startMs || before.endMs !== figures.endMs;
    if (isMoved) this.#sql.move.run(...timesOf(figures), stored.id);
    this.#hours.change(before, figures);
    this.#columns.set(stored.id, folded, figures);
  }

  #row(sessionId: string): Row | undefined {
    return this.#sql.bySession.get(sessionId) as Row | undefined;
  }

  /** Read in the order in which they lie in the file, by one statement: 1,000 of them count. */
  #rows(ids: readonly number[]): StoredRow[] {
    const sorted = JSON.stringify(ids.toSorted((a, b) => a - b));
    const rows = this.#sql.byIds.all(sorted) as unknown as ListedRow[];
    const stored = new Map(
      rows.map(([id, userId, sessionId, versions, row]) => [
        id,
        { userId, sessionId, versions, row },
      ]),
    );
    return ids.map((id) => stored.get(id)!);
  }

  #pointer(userId: string): string | undefined {
    const row = this.#sql.pointer.get(userId) as { session_id: string } | undefined;
    return row?.session_id;
  }

  #isOver(userId: string, sessionId: string): boolean {
    const row = this.#row(sessionId);
    return row !== undefined && row.user_id === userId && row.end_ms !== null;
  }
}

interface Row extends StoredFigures {
  id: number;
  user_id: string;
  versions: string;
}

interface Text {
  user_id: string;
  versions: string;
  row: string;
}

/** As an array, which comes in a fraction of the time that an object takes. */
type ListedRow = [id: number, userId: string, sessionId: string, versions: string, row: string];

const INSERTED = `user_id, session_id, ${FIGURE_COLUMNS}, versions, row`;
export const SESSION_SQL = {
  // Without the text of the row, which would be read for every fold in vain.
  bySession: `SELECT id, user_id, versions, ${FIGURE_COLUMNS} FROM session WHERE session_id = ?`,
  text: "SELECT user_id, versions, row FROM session WHERE session_id = ?",
  byIds: `SELECT id, user_id, session_id, versions, row FROM session
    WHERE id IN (SELECT value FROM json_each(?))`,
  insert: `INSERT INTO session (${INSERTED}) VALUES (${INSERTED.replace(/\w+/g, "?")})`,
  update: `UPDATE session SET ${assigned([...COUNT_COLUMNS, "versions", "row"])} WHERE id = ?`,
  move: `UPDATE session SET ${assigned(TIME_COLUMNS)} WHERE id = ?`,
  remove: "DELETE FROM session WHERE id = ?",
  pointer: "SELECT session_id FROM active_session WHERE user_id = ?",
  point: `INSERT INTO active_session (user_id, session_id) VALUES (?, ?)
    ON CONFLICT (user_id) DO UPDATE SET session_id = excluded.session_id`,
  unpoint: "DELETE FROM active_session WHERE user_id = ?",
};

function assigned(columns: readonly string[]): string {
  return columns.map((column) => `${column} = ?`).join(", ");
}
