/**
 * What it costs the log when every append is followed by a fold: entries per second of a bare
 * `node:sqlite` with the same table, pragmas and grouping, of the store without folds, and with them.
 * Prints a sample as JSON.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Draft, Entry } from "../packages/chat/src/log/entry.ts";
import { foldAll, foldOnto, type SessionRow } from "../packages/chat/src/log/session-row.ts";
import { migrate } from "../packages/chat/src/store/sqlite/migrations.ts";
import {
  openSqliteStore,
  type SqliteStore,
} from "../packages/chat/src/store/sqlite/sqlite-store.ts";
import { median, type Sample } from "./measure.ts";

const ENTRIES = 20_000;
/** Sessions that somebody writes to, each one message after the other. */
const WRITERS = 128;
const ROUNDS = 5;

function draft(writer: number, n: number): Draft {
  return {
    userId: `user-${writer % 100}`,
    sessionId: createHash("md5").update(`${writer}`).digest("hex"),
    kind: n === 0 ? "opened" : "message",
    author: `user:user-${writer % 100}`,
    clientMessageId: createHash("md5").update(`${writer} ${n}`).digest("hex"),
    body: JSON.stringify({ sender: "user", type: "text", content: "x".repeat(200) }),
    seen: undefined,
    fence: undefined,
    control: undefined,
  };
}

function bare(file: string): number {
  using database = new DatabaseSync(file);
  database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;`);
  migrate(database);
  const insert =
    database.prepare(`INSERT INTO entry (user_id, session_id, origin, number, hlc, kind,
    author, client_message_id, control_epoch, is_held, is_closed, body)
    VALUES (?, ?, 'home:1', ?, ?, ?, ?, ?, 0, 0, 0, ?)`);
  const started = performance.now();
  for (let n = 0; n < ENTRIES / WRITERS; n += 1) {
    database.exec("BEGIN IMMEDIATE");
    for (let writer = 0; writer < WRITERS; writer += 1) {
      const { userId, sessionId, kind, author, clientMessageId, body } = draft(writer, n);
      insert.run(userId, sessionId, n + 1, n * 1_024, kind, author, clientMessageId, body);
    }
    database.exec("COMMIT");
  }
  return ENTRIES / ((performance.now() - started) / 1_000);
}

async function ofStore(file: string, folds: boolean): Promise<number> {
  const options = { file, origin: "home:1", wallClock: Date.now, lost: console.error };
  await using store = await openSqliteStore(options);
  const started = performance.now();
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(store, writer, folds)));
  return ENTRIES / ((performance.now() - started) / 1_000);
}

async function write(store: SqliteStore, writer: number, folds: boolean): Promise<void> {
  let row: SessionRow | undefined;
  for (let n = 0; n < ENTRIES / WRITERS; n += 1) {
    const accepted = await store.log.append(draft(writer, n));
    if (accepted.outcome !== "stored") throw new Error(accepted.outcome);
    if (folds) row = await fold(store, row, accepted.entry);
  }
}

async function fold(
  { sessions }: SqliteStore,
  was: SessionRow | undefined,
  entry: Entry,
): Promise<SessionRow> {
  const row = was === undefined ? foldAll(entry, [entry]) : foldOnto(was, [entry])!;
  if (!(await sessions.fold(row, was?.versions))) throw new Error("somebody else folds");
  return row;
}

const place = mkdtempSync(join(tmpdir(), "warren-bench-"));
try {
  const rates = { bare: [] as number[], appends: [] as number[], folds: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.bare.push(bare(join(place, `bare-${round}.db`)));
    rates.appends.push(await ofStore(join(place, `appends-${round}.db`), false));
    rates.folds.push(await ofStore(join(place, `folds-${round}.db`), true));
  }
  const sample: Sample = {
    barePerSecond: median(rates.bare),
    appendsPerSecond: median(rates.appends),
    foldsPerSecond: median(rates.folds),
  };
  console.log(JSON.stringify(sample));
} finally {
  rmSync(place, { recursive: true });
}
