import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Erasure } from "../../privacy/ports.ts";
import { prepareAll } from "./statements.ts";

/** What is being erased: `Erasures`, within the caller's transaction. */
export class ErasureTable {
  readonly #sql: Record<keyof typeof SQL, StatementSync>;

  constructor(database: DatabaseSync) {
    this.#sql = prepareAll(database, SQL);
  }

  put({ userId, sessionId = ALL, sinceMs }: Erasure, dueMs: number): void {
    this.#sql.put.run(userId, sessionId, sinceMs, dueMs);
  }

  due(wallMs: number, limit: number): Erasure[] {
    return (this.#sql.due.all(wallMs, limit) as unknown as Row[]).map(erasureOf);
  }

  usersSince(wallMs: number, limit: number): Erasure[] {
    return (this.#sql.users.all(ALL, wallMs, limit) as unknown as Row[]).map(erasureOf);
  }

  remove({ userId, sessionId = ALL, sinceMs }: Erasure): void {
    this.#sql.remove.run(userId, sessionId, sinceMs);
  }
}

/** In place of a session: every one of the user. */
const ALL = "";

interface Row {
  user_id: string;
  session_id: string;
  since_ms: number;
}

function erasureOf({ user_id, session_id, since_ms }: Row): Erasure {
  const sessionId = session_id === ALL ? undefined : session_id;
  return { userId: user_id, sessionId, sinceMs: since_ms };
}

const SQL = {
  put: `INSERT INTO erasure (user_id, session_id, since_ms, due_ms) VALUES (?, ?, ?, ?)
    ON CONFLICT (user_id, session_id)
    DO UPDATE SET since_ms = excluded.since_ms, due_ms = excluded.due_ms`,
  due: "SELECT * FROM erasure WHERE due_ms <= ? ORDER BY due_ms LIMIT ?",
  users:
    "SELECT * FROM erasure WHERE session_id = ? AND since_ms >= ? ORDER BY since_ms DESC LIMIT ?",
  // One that was asked for again meanwhile stays.
  remove: "DELETE FROM erasure WHERE user_id = ? AND session_id = ? AND since_ms = ?",
};
