// A drain while the store is away, by a clock that the test moves.
import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { drain, type DrainOptions } from "../src/drain.ts";

test("a drain ends while the store is away: what is left is found by others", async () => {
  const clock = virtualClock();
  const never = () => new Promise<void>(() => {});
  const conversations = {
    talk: { idle: never },
    runs: { size: 1, drain: never },
    folding: { idle: never },
  };
  const door = { size: 0, shut() {}, connections: () => [] };
  let isOver = false;
  const draining = drain({
    delayMs: 0,
    spreadMs: 0,
    runsMs: 120_000,
    clock,
    random: () => 0,
    listener: { stop() {} },
    events: { stopping() {} },
    door,
    conversations,
  } as unknown as DrainOptions).then(() => (isOver = true));
  for (let ms = 0; !isOver && ms < 180_000; ms += 1_000) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(isOver).toBe(true);
  await draining;
});
