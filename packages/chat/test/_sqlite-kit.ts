import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Sessions } from "../src/sessions/ports.ts";
import { sqliteSessions } from "../src/store/sqlite/sqlite-sessions.ts";
import {
  openTables,
  type CallWorker,
  type Operations,
  type Tables,
} from "../src/store/sqlite/tables.ts";
import { openSqliteStore, type SqliteStore } from "../src/store/sqlite/sqlite-store.ts";

/** A folder for one test. */
export async function folder(): Promise<AsyncDisposable & { readonly file: string }> {
  const path = await mkdtemp(join(tmpdir(), "warren-chat-"));
  return {
    file: join(path, "chat.db"),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

export function openStore(file: string): Promise<SqliteStore> {
  const options = { file, origin: "home:1", wallClock: () => 1_800_000_000_000, lost: () => {} };
  return openSqliteStore(options);
}

export interface InProcess {
  readonly tables: Tables<Operations>;
  readonly call: CallWorker;
  readonly sessions: Sessions;
}

/** What the worker has, without its thread; each call is a transaction of its own. */
export function inProcess(database: DatabaseSync): InProcess {
  const tables = openTables(database, "home:1");
  const operations = tables.operations as unknown as Record<string, (...args: unknown[]) => never>;
  const call: CallWorker = async (operation, ...args) => operations[operation]!(...args);
  return { tables, call, sessions: sqliteSessions(call) };
}
