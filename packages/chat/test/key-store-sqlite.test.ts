import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openSqliteKeyStore } from "../src/store/sqlite/sqlite-key-store.ts";
import { KEY_STORE_FACTS } from "./_key-store-facts.ts";

async function inFolder(task: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "warren-keys-"));
  try {
    await task(join(folder, "keys.db"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("data keys in SQLite", () => {
  test.each(KEY_STORE_FACTS)("$name", ({ holds }) =>
    inFolder(async (file) => {
      await using store = await openSqliteKeyStore(file, () => {});
      await holds(store);
    }),
  );

  test("outlive the process, destroyed ones as destroyed", () =>
    inFolder(async (file) => {
      const record = {
        userId: "alice",
        sessionId: "s",
        number: 1,
        keyId: "k",
        masterKeyId: "m",
        wrapped: "w",
        createdAtMs: 1,
      };
      {
        await using store = await openSqliteKeyStore(file, () => {});
        await store.putIfAbsent(record);
        await store.destroy("bob", "s");
      }
      await using store = await openSqliteKeyStore(file, () => {});
      expect(await store.get("alice", "s")).toEqual([record]);
      expect(await store.get("bob", "s")).toBe("destroyed");
    }));
});
