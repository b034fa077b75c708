// A drain while the store is away, by a clock that the test moves.
import { virtualClock } from "@warren/host/testing";
import { expect, test, vi } from "vitest";
import { drain, type DrainOptions } from "../src/drain.ts";

const never = () => new Promise<void>(() => {});

test("a drain ends while the store is away: what is left is found by others", async () => {
  const clock = virtualClock();
  const conversations = {
    talk: { idle: never },
    runs: { size: 1, drain: never },
    folding: { idle: never },
  };
  const door = { size: 0, shut() {}, connections: () => [] };
  const ended = vi.fn<() => void>();
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
    files: { drain: async () => false },
  } as unknown as DrainOptions).then(ended);
  for (let ms = 0; ms < 180_000; ms += 1_000) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(ended).toHaveBeenCalledOnce();
  await draining;
});
