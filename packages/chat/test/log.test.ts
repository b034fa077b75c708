import { describe, test } from "vitest";
import { MemoryLog } from "../src/store/memory/memory-log.ts";
import { LOG_FACTS } from "./_log-facts.ts";

describe("a message log in memory", () => {
  test.each(LOG_FACTS)("$name", async ({ holds }) => {
    const clock = { nowMs: 1_800_000_000_000 };
    await holds(new MemoryLog({ origin: "home:1", wallClock: () => clock.nowMs }), clock);
  });
});
