import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { openSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { MemoryLog } from "../src/store/memory/memory-log.ts";
import { LOG_FACTS } from "./_log-facts.ts";

describe("a message log in memory", () => {
  test.each(LOG_FACTS)("$name", async ({ holds }) => {
    const clock = { nowMs: 1_800_000_000_000 };
    await holds(new MemoryLog({ origin: "home:1", wallClock: () => clock.nowMs }), clock);
  });
});

describe("a message log in SQLite", () => {
  test.each(LOG_FACTS)("$name", async ({ holds }) => {
    const folder = await mkdtemp(join(tmpdir(), "warren-chat-"));
    try {
      const clock = { nowMs: 1_800_000_000_000 };
      await using store = await openSqliteStore({
        file: join(folder, "chat.db"),
        origin: "home:1",
        wallClock: () => clock.nowMs,
        lost: () => {},
      });
      await holds(store.log, clock);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
