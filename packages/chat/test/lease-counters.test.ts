import { expect, test } from "vitest";
import { leaseCounters } from "../src/leases/lease-counters.ts";
import { memoryLeases } from "../src/store/memory/memory-leases.ts";

const S = { userId: "alice", sessionId: "s" };

test("a counter that nobody moved is not there", async () => {
  expect(await leaseCounters(memoryLeases()).read(S, 1)).toBeUndefined();
});

test("each sign of life is seen by all instances", async () => {
  const leases = memoryLeases();
  const [one, other] = [leaseCounters(leases), leaseCounters(leases)];
  await one.move(S, 3);
  const before = await other.read(S, 3);
  await other.move(S, 3);
  expect(await one.read(S, 3)).toBe(before! + 1);
});

test("a later term begins anew, and an earlier one moves and forgets nothing of it", async () => {
  const counters = leaseCounters(memoryLeases());
  await counters.move(S, 1);
  await counters.move(S, 1);
  await counters.move(S, 2);
  expect(await counters.read(S, 2)).toBe(1);
  await counters.move(S, 1);
  await counters.forget(S, 1);
  expect(await counters.read(S, 2)).toBe(1);
  expect(await counters.read(S, 1)).toBeUndefined();
  await counters.forget(S, 2);
  expect(await counters.read(S, 2)).toBeUndefined();
});
