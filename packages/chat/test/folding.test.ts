import { expect, test } from "vitest";
import { Folding } from "../src/sessions/folding.ts";
import { MemoryLog } from "../src/store/memory/memory-log.ts";
import { MemorySessions } from "../src/store/memory/memory-sessions.ts";
import { ALICE, draft, stored } from "./_log-facts.ts";

const failed = (cause: unknown) => expect.unreachable(String(cause));

test("a session that one instance erased is gone for the others too, though they had its row", async () => {
  const log = new MemoryLog({ origin: "home:1", wallClock: Date.now });
  const sessions = new MemorySessions();
  const here = new Folding({ log, sessions, failed });
  const there = new Folding({ log, sessions, failed });
  await stored(log, draft({ id: "1" }));
  expect(await there.upToDate(ALICE)).toMatchObject({ messageCount: 1 });
  await log.erase(ALICE, { "home:1": 1 });
  await here.forget(ALICE);
  expect(await there.upToDate(ALICE)).toBeUndefined();
});
