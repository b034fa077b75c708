import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { KeyPage, KeyRecord } from "../../keys/ports.ts";
import { bringUp } from "./migrations.ts";
import type { Tables } from "./tables.ts";

const MIGRATIONS = [
  `
  CREATE TABLE data_key (
    position INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    master_key_id TEXT NOT NULL,
    wrapped TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX data_key_number ON data_key (user_id, session_id, number);
  CREATE TABLE destroyed_session (
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    PRIMARY KEY (user_id, session_id)
  ) STRICT, WITHOUT ROWID;
  `,
];

export interface KeyOperations {
  getKeys: KeyTable["get"];
  putKey: KeyTable["putIfAbsent"];
  rewrapKey: KeyTable["rewrap"];
  destroyKeys: KeyTable["destroy"];
  keysOfOthers: KeyTable["wrappedByOthers"];
}

export function openKeyTables(database: DatabaseSync): Tables<KeyOperations> {
  bringUp(database, MIGRATIONS);
  // What was destroyed is not to be read from the file's free pages either.
  database.exec("PRAGMA secure_delete = ON");
  const table = new KeyTable(database);
  return {
    operations: {
      getKeys: (userId, sessionId) => table.get(userId, sessionId),
      putKey: (record) => table.putIfAbsent(record),
      rewrapKey: (fresh, from) => table.rewrap(fresh, from),
      destroyKeys: (userId, sessionId) => table.destroy(userId, sessionId),
      keysOfOthers: (masterKeyId, after, limit) => table.wrappedByOthers(masterKeyId, after, limit),
    },
    isForGood: () => true,
    erases: () => false,
    committed: () => {},
    rolledBack: () => {},
    warm: () => false,
  };
}

/** The data keys in one SQLite file that nobody else writes: `KeyStore`, within the caller's transaction. */
export class KeyTable {
  readonly #database: DatabaseSync;
  readonly #sql: Record<keyof typeof SQL, StatementSync>;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#sql = Object.fromEntries(prepared) as Record<keyof typeof SQL, StatementSync>;
  }

  get(userId: string, sessionId: string): readonly KeyRecord[] | "destroyed" {
    if (this.#sql.isDestroyed.get(userId, sessionId) !== undefined) return "destroyed";
    return (this.#sql.get.all(userId, sessionId) as unknown as Row[]).map(recordOf);
  }

  putIfAbsent(record: KeyRecord): KeyRecord | "destroyed" {
    const { userId, sessionId, number, keyId, masterKeyId, wrapped, createdAtMs } = record;
    const kept = this.get(userId, sessionId);
    if (kept === "destroyed") return kept;
    const known = kept.find((one) => one.number === number);
    if (known !== undefined) return known;
    this.#sql.put.run(userId, sessionId, number, keyId, masterKeyId, wrapped, createdAtMs);
    return record;
  }

  rewrap(fresh: KeyRecord, fromMasterKeyId: string): boolean {
    const { userId, sessionId, number, keyId, masterKeyId, wrapped } = fresh;
    const of = [userId, sessionId, number, keyId, fromMasterKeyId];
    return this.#sql.rewrap.run(masterKeyId, wrapped, ...of).changes === 1;
  }

  destroy(userId: string, sessionId: string): void {
    this.#sql.destroy.run(userId, sessionId);
    this.#sql.remember.run(userId, sessionId);
    // The log still has the pages from before: it goes back into the file once this is committed.
    setImmediate(() => {
      if (this.#database.isOpen) this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    });
  }

  wrappedByOthers(masterKeyId: string, after: string | undefined, limit: number): KeyPage {
    const found = this.#sql.others.all(Number(after ?? 0), limit) as unknown as Row[];
    const records = found.filter((row) => row.master_key_id !== masterKeyId).map(recordOf);
    const last = found.at(-1);
    return { records, next: found.length < limit ? undefined : String(last?.position) };
  }
}

const OF_SESSION = "user_id = ? AND session_id = ?";
const SQL = {
  get: `SELECT * FROM data_key WHERE ${OF_SESSION} ORDER BY number`,
  isDestroyed: `SELECT 1 FROM destroyed_session WHERE ${OF_SESSION}`,
  put: `INSERT INTO data_key
    (user_id, session_id, number, key_id, master_key_id, wrapped, created_at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  rewrap: `UPDATE data_key SET master_key_id = ?, wrapped = ?
    WHERE ${OF_SESSION} AND number = ? AND key_id = ? AND master_key_id = ?`,
  destroy: `DELETE FROM data_key WHERE ${OF_SESSION}`,
  remember: "INSERT OR IGNORE INTO destroyed_session (user_id, session_id) VALUES (?, ?)",
  others: "SELECT * FROM data_key WHERE position > ? ORDER BY position LIMIT ?",
};

interface Row {
  position: number;
  user_id: string;
  session_id: string;
  number: number;
  key_id: string;
  master_key_id: string;
  wrapped: string;
  created_at_ms: number;
}

function recordOf(row: Row): KeyRecord {
  return {
    userId: row.user_id,
    sessionId: row.session_id,
    number: row.number,
    keyId: row.key_id,
    masterKeyId: row.master_key_id,
    wrapped: row.wrapped,
    createdAtMs: row.created_at_ms,
  };
}
