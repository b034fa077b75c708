import type { DatabaseSync } from "node:sqlite";

/**
 * What each version of the file adds to the one before, in order; never changed once released. The
 * version is SQLite's `user_version`.
 */
const MIGRATIONS = [
  `
  CREATE TABLE entry (
    -- Never given out twice, also after the last ones were erased: cursors of the tail point at it.
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    number INTEGER NOT NULL,
    hlc INTEGER NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    client_message_id TEXT NOT NULL,
    control_epoch INTEGER NOT NULL,
    is_closed INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX entry_number ON entry (user_id, session_id, origin, number);
  CREATE UNIQUE INDEX entry_identity
    ON entry (user_id, session_id, author, client_message_id, origin);
  `,
];

/** Brings a file to this program's version. Throws where it was written by a newer one. */
export function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (version > MIGRATIONS.length) {
    throw new Error(
      `the chat's database has version ${version}, this program knows ${MIGRATIONS.length}: ` +
        "run the newer program, or restore a backup",
    );
  }
  for (const [at, sql] of MIGRATIONS.entries()) {
    if (at < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${at + 1}; COMMIT`);
  }
}
