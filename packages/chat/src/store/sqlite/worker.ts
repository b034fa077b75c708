/**
 * The one thread that has the file. Whatever is queued when it looks is done in one transaction and
 * committed once, before any of it is answered: the more come at once, the less each of them costs.
 */
import { DatabaseSync } from "node:sqlite";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { openKeyTables } from "./key-table.ts";
import { openTables, type Tables } from "./tables.ts";

/** What the file is for: what was said, or the keys that seal it. */
export type WorkerSettings =
  | { kind: "content"; file: string; origin: string }
  | { kind: "keys"; file: string };

export type Call = readonly [id: number, operation: string, args: readonly unknown[]];
export type Reply =
  | readonly [id: number, value: unknown]
  | readonly [id: number, undefined, error: Failure];
export interface Failure {
  readonly message: string;
  /** SQLite's extended result code, where it was SQLite's. */
  readonly code: number | undefined;
}

/** Bounds how long the first of a group waits for the last. */
const GROUP = 512;

const port = parentPort!;
const settings = workerData as WorkerSettings;
const database = open();
const tables: Tables<object> =
  settings.kind === "keys" ? openKeyTables(database) : openTables(database, settings.origin);
const operations = tables.operations as unknown as Record<string, (...args: unknown[]) => unknown>;
port.postMessage("open");
setImmediate(warm);
port.on("message", (first: readonly Call[] | "close") => {
  const group: Call[] = [];
  let isLast = first === "close";
  if (first !== "close") group.push(...first);
  while (!isLast && group.length < GROUP) {
    const next: { message: typeof first } | undefined = receiveMessageOnPort(port);
    if (next === undefined) break;
    if (next.message === "close") isLast = true;
    else group.push(...next.message);
  }
  if (group.length > 0) port.postMessage(commit(group));
  if (isLast) close();
});

/** A bit at a time, as nobody waits for it: calls that have come meanwhile go first. */
function warm(): void {
  try {
    if (database.isOpen && tables.warm()) setImmediate(warm);
  } catch {
    // Whoever needs it does it then, and is told what is wrong.
  }
}

function open(): DatabaseSync {
  const opened = new DatabaseSync(settings.file);
  opened.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA cache_size = -65536;
    -- What is read is not copied: a page of 1,000 sessions is as many places of the file.
    PRAGMA mmap_size = 2147418112;
    PRAGMA temp_store = MEMORY;
    -- Without another page written for it; what is erased is overwritten wherever it was.
    PRAGMA secure_delete = FAST;
  `);
  return opened;
}

/**
 * FULL: a commit is on the disk before it returns, in WAL as well (sqlite.org/pragma.html#pragma_synchronous).
 * NORMAL: it is there with the next one that is. Without power it may be lost, never half of it, and
 * never one before it.
 */
function commit(group: readonly Call[]): Reply[] {
  try {
    const isForGood = group.some(([, operation, args]) => tables.isForGood(operation, args));
    database.exec(`PRAGMA synchronous = ${isForGood ? "FULL" : "NORMAL"}`);
    const erases = group.some(([, operation]) => tables.erases(operation));
    if (erases) database.exec("PRAGMA secure_delete = ON");
    database.exec("BEGIN IMMEDIATE");
    const replies = group.map(run);
    database.exec("COMMIT");
    tables.committed();
    if (erases) leaveNoTrace();
    return replies;
  } catch (error) {
    rollBack();
    return group.map(([id]) => [id, undefined, failureOf(error)]);
  }
}

/** What was erased is in the pages of the write-ahead log until these are written again. */
function leaveNoTrace(): void {
  try {
    database.exec("PRAGMA secure_delete = FAST; PRAGMA wal_checkpoint(TRUNCATE);");
  } catch {
    // As on a full disk. What was asked for is committed, and is not to be told as failed; a later checkpoint does it.
  }
}

function run([id, operation, args]: Call): Reply {
  return [id, operations[operation]!(...args)];
}

/** All or nothing: a group that cannot be committed has stored nothing of any of its calls. */
function rollBack(): void {
  tables.rolledBack();
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself, as it does when the disk is full.
  }
}

function failureOf(error: unknown): Failure {
  const { message, errcode } = error as Error & { errcode?: number };
  return { message, code: errcode };
}

function close(): void {
  database.close();
  port.postMessage("closed");
  port.close();
}
