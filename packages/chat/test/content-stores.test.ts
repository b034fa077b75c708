import { describe, expect, test } from "vitest";
import { DatabaseSync } from "node:sqlite";
import { sqliteErasures, sqliteShareLinks } from "../src/store/sqlite/sqlite-records.ts";
import type { CallWorker } from "../src/store/sqlite/tables.ts";
import { memoryErasures } from "../src/store/memory/memory-erasures.ts";
import { MemoryLog } from "../src/store/memory/memory-log.ts";
import { memoryShareLinks } from "../src/store/memory/memory-share-links.ts";
import { ERASURE_FACTS, LOG_ERASURE_FACTS } from "./_erasure-facts.ts";
import { link, SHARE_FACTS } from "./_share-facts.ts";
import { folder, inProcess, openStore } from "./_sqlite-kit.ts";

const WALL_MS = 1_800_000_000_000;

async function inSqlite(task: (call: CallWorker) => Promise<void>): Promise<void> {
  using database = new DatabaseSync(":memory:");
  await task(inProcess(database).call);
}

describe("share links", () => {
  test.each(SHARE_FACTS)("in memory: $name", ({ holds }) => holds(memoryShareLinks()));
  test.each(SHARE_FACTS)("in SQLite: $name", ({ holds }) =>
    inSqlite((call) => holds(sqliteShareLinks(call))),
  );
});

describe("erasures", () => {
  test.each(ERASURE_FACTS)("in memory: $name", ({ holds }) => holds(memoryErasures()));
  test.each(ERASURE_FACTS)("in SQLite: $name", ({ holds }) =>
    inSqlite((call) => holds(sqliteErasures(call))),
  );
});

describe("a log from which something is erased", () => {
  test.each(LOG_ERASURE_FACTS)("in memory: $name", ({ holds }) =>
    holds(new MemoryLog({ origin: "home:1", wallClock: () => WALL_MS })),
  );
  test.each(LOG_ERASURE_FACTS)("in SQLite: $name", ({ holds }) =>
    inSqlite((call) =>
      holds({
        origin: "home:1",
        append: (draft) => call("append", draft, WALL_MS),
        after: (key, versions, limit) => call("after", key, versions, limit),
        latest: (key, before, limit) => call("latest", key, before, limit),
        heads: (key) => call("heads", key),
        tail: (cursor, limit) => call("tail", cursor, limit),
        erase: (key, upTo) => call("eraseEntries", key, upTo),
      }),
    ),
  );
});

test("links and erasures outlive the process", async () => {
  await using at = await folder();
  const erasure = { userId: "alice", sessionId: undefined, sinceMs: 5 };
  {
    await using store = await openStore(at.file);
    await store.shareLinks.putIfAbsent(link("a"));
    await store.erasures.put(erasure, 5);
  }
  await using store = await openStore(at.file);
  expect(await store.shareLinks.get("a")).toEqual(link("a"));
  expect(await store.erasures.due(5, 10)).toEqual([erasure]);
});
