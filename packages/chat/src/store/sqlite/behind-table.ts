import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { SessionKey } from "../../log/entry.ts";
import { covers, NO_VERSIONS } from "../../log/versions.ts";
import type { BehindPage } from "../../sessions/behind.ts";
import type { LogTable } from "./log-table.ts";
import type { SessionTable } from "./session-table.ts";
import { prepareAll } from "./statements.ts";
import { versionsIn } from "../stored-row.ts";

/** Which rows lack what their logs have. Everything runs within the caller's transaction. */
export class BehindTable {
  readonly #of: { log: LogTable; sessions: SessionTable };
  readonly #sql: Record<keyof typeof SQL, StatementSync>;

  constructor(database: DatabaseSync, of: { log: LogTable; sessions: SessionTable }) {
    this.#of = of;
    this.#sql = prepareAll(database, SQL);
  }

  behind(after: number, upTo: number, limit: number): BehindPage {
    const rows = this.#sql.tail.all(after, upTo, limit) as unknown as Row[];
    const keys = new Map(
      rows.map(({ user_id: userId, session_id: sessionId }) => [
        `${sessionId} ${userId}`,
        { userId, sessionId },
      ]),
    );
    const sessions = [...keys.values()].filter((key) => this.#isBehind(key));
    return { sessions, reached: rows.length < limit ? upTo : rows.at(-1)!.position };
  }

  foldedTo(): number {
    const row = this.#sql.get.get() as { position: number } | undefined;
    return row?.position ?? 0;
  }

  setFoldedTo(position: number): void {
    this.#sql.set.run(position);
  }

  /** Writes something that nobody reads, to see that it can. */
  probe(nowMs: number): void {
    this.#sql.probe.run(nowMs);
  }

  #isBehind(key: SessionKey): boolean {
    const { log, sessions } = this.#of;
    const stored = sessions.get(key);
    const has = stored === undefined ? NO_VERSIONS : versionsIn(stored.versions);
    return !covers(has, log.heads(key).versions);
  }
}

interface Row {
  position: number;
  user_id: string;
  session_id: string;
}

const SQL = {
  tail: `SELECT position, user_id, session_id FROM entry
    WHERE position > ? AND position <= ? ORDER BY position LIMIT ?`,
  get: "SELECT position FROM mark WHERE name = 'folded'",
  probe: `INSERT INTO mark (name, position) VALUES ('probe', ?)
    ON CONFLICT (name) DO UPDATE SET position = excluded.position`,
  set: `INSERT INTO mark (name, position) VALUES ('folded', ?)
    ON CONFLICT (name) DO UPDATE SET position = excluded.position`,
};
