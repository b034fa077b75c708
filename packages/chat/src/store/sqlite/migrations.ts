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
    is_held INTEGER NOT NULL,
    is_closed INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX entry_number ON entry (user_id, session_id, origin, number);
  CREATE UNIQUE INDEX entry_identity
    ON entry (user_id, session_id, author, client_message_id, origin);
  `,
  `
  CREATE TABLE session (
    -- Neighbours began at about the same time: lists load them together.
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER,
    last_activity_ms INTEGER NOT NULL,
    message_count INTEGER NOT NULL,
    total_tokens INTEGER NOT NULL,
    admin_assisted INTEGER NOT NULL,
    help_open INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    -- NULL: it had no answer.
    mean_micros INTEGER,
    max_micros INTEGER NOT NULL,
    versions TEXT NOT NULL,
    -- All else, as JSON.
    row TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX session_key ON session (user_id, session_id);
  CREATE UNIQUE INDEX session_id ON session (session_id);
  CREATE INDEX session_start ON session (start_ms);
  CREATE INDEX session_end ON session (end_ms) WHERE end_ms IS NOT NULL;
  CREATE TABLE session_hour (
    -- Since 1970. Of what began in it all, of what ended in it the last two.
    hour INTEGER PRIMARY KEY,
    sessions INTEGER NOT NULL,
    active INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    mean_micros INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    -- NULL: is to be found again among the rows.
    max_micros INTEGER,
    assisted INTEGER NOT NULL,
    -- Sums of the time from a start, and from an end, to the end of the hour.
    start_left_ms INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    end_left_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE active_session (
    user_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE mark (
    -- 'folded': up to this position of the log every session's row has what it says. 'probe': nothing.
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE share_link (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    master_key_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX share_link_session ON share_link (session_id);
  CREATE UNIQUE INDEX share_link_digest ON share_link (digest);
  CREATE INDEX share_link_user ON share_link (user_id, created_at_ms);
  CREATE INDEX share_link_end ON share_link (expires_at_ms);
  CREATE TABLE erasure (
    user_id TEXT NOT NULL,
    -- '': all that the user had.
    session_id TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    PRIMARY KEY (user_id, session_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX erasure_due ON erasure (due_ms);
  `,
  `
  CREATE TABLE canned_reply (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    updated_ms INTEGER NOT NULL,
    updated_by TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE lease (
    kind TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    term INTEGER NOT NULL,
    beat INTEGER NOT NULL,
    note TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX lease_name ON lease (kind, user_id, name);
  CREATE INDEX lease_holder ON lease (kind, holder);
  `,
];

/** Brings the file of what was said to this program's version. */
export function migrate(database: DatabaseSync): void {
  bringUp(database, MIGRATIONS);
}

/** Throws where the file was written by a newer program. */
export function bringUp(database: DatabaseSync, migrations: readonly string[]): void {
  const { user_version: version } = database.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (version > migrations.length) {
    throw new Error(
      `the chat's database has version ${version}, this program knows ${migrations.length}: ` +
        "run the newer program, or restore a backup",
    );
  }
  for (const [at, sql] of migrations.entries()) {
    if (at < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${at + 1}; COMMIT`);
  }
}
