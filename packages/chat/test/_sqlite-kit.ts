import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
