import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { memoryErasures } from "../store/memory/memory-erasures.ts";
import { Departures } from "./departures.ts";

const LOOK_MS = 2_000;

test("whose data is erased anywhere leaves everywhere, once, and whoever comes back stays", async () => {
  const clock = virtualClock();
  const erasures = memoryErasures();
  const left: string[][] = [[], []];
  const failures: unknown[] = [];
  const instances: Departures[] = [];
  await using opened = new AsyncDisposableStack();
  for (const mine of left) {
    const close = (userId: string) => void mine.push(userId);
    const departures = new Departures({ close, wallClock: () => 1e9 + clock.now() });
    instances.push(departures);
    opened.use(departures.watch({ erasures, clock, failed: (cause) => void failures.push(cause) }));
  }
  const look = async () => {
    clock.advance(LOOK_MS);
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  const erase = (userId: string, sinceMs: number, sessionId?: string) =>
    erasures.put({ userId, sessionId, sinceMs }, sinceMs + 600_000);
  await erase("alice", 1e9);
  await erase("bob", 1e9, "a session of his");
  await look();
  await look();
  expect(left).toEqual([["alice"], ["alice"]]);
  // One of them was asked, or had a hint.
  const now = 1e9 + clock.now();
  instances[0]!.depart("alice", now);
  await erase("alice", now);
  await look();
  expect(left).toEqual([
    ["alice", "alice"],
    ["alice", "alice"],
  ]);
  expect(failures).toEqual([]);
});
