import { expect, test } from "vitest";
import { leaseCounters } from "../src/leases/lease-counters.ts";
import { memoryLeases } from "../src/store/memory/memory-leases.ts";

test("a counter that nobody moved is not there", async () => {
  expect(await leaseCounters(memoryLeases()).read("s", 1)).toBeUndefined();
});

test("each sign of life is seen by all instances", async () => {
  const leases = memoryLeases();
  const [one, other] = [leaseCounters(leases), leaseCounters(leases)];
  await one.move("s", 3);
  const before = await other.read("s", 3);
  await other.move("s", 3);
  expect(await one.read("s", 3)).toBe(before! + 1);
});

test("a later term begins anew, and an earlier one moves and forgets nothing of it", async () => {
  const counters = leaseCounters(memoryLeases());
  await counters.move("s", 1);
  await counters.move("s", 1);
  await counters.move("s", 2);
  expect(await counters.read("s", 2)).toBe(1);
  await counters.move("s", 1);
  await counters.forget("s", 1);
  expect(await counters.read("s", 2)).toBe(1);
  expect(await counters.read("s", 1)).toBeUndefined();
  await counters.forget("s", 2);
  expect(await counters.read("s", 2)).toBeUndefined();
});
