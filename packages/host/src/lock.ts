/**
 * One process at a time. Node has no fcntl, so the lock is SQLite's: an exclusive transaction on an
 * empty database is an fcntl lock on POSIX and LockFileEx on Windows, which the kernel drops when
 * its process dies, however it dies. No stale lock to judge, no pid to mistake for another's, no race
 * between two that clean up (docs/decisions/0021).
 */
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { FolderError, makeFolder } from "./folder.ts";

export type ProcessLock =
  | ({ held: true } & Disposable)
  /** Somebody else has it; `pid` as far as that is known. */
  | { held: false; pid: number | undefined };

/** SQLITE_BUSY (sqlite.org/rescode.html). */
const BUSY = 5;

/** Takes the lock on `path` (a file that need not exist) or says who has it. Does not wait. */
export function processLock(path: string): ProcessLock {
  makeFolder(dirname(path), 0o700);
  // SQLite would only say that it cannot open something.
  accessSync(dirname(path), constants.W_OK);
  const database = openDatabase(path);
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== BUSY) throw error;
    return { held: false, pid: holderOf(path) };
  }
  writeFileSync(holderPath(path), `${process.pid}\n`, { mode: 0o600 });
  let open = true;
  return {
    held: true,
    [Symbol.dispose]() {
      if (open) database.close();
      open = false;
    },
  };
}

function openDatabase(path: string): DatabaseSync {
  // Loaded when it is needed: Node 24 calls it experimental, on standard error, as soon as it is.
  const sqlite = process.getBuiltinModule("node:sqlite");
  try {
    return new sqlite.DatabaseSync(path);
  } catch (cause) {
    // The system's superuser may write anywhere, and still make no file in /proc.
    throw new FolderError(dirname(path), "no file can be made in it", { cause });
  }
}

/** Only for messages: the lock is the database's, never this file's. */
function holderPath(path: string): string {
  return `${path}.pid`;
}

function holderOf(path: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(holderPath(path), "utf8"), 10) || undefined;
  } catch {
    return undefined;
  }
}
