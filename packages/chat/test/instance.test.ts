// One instance among others, by a clock that the test moves.
import { virtualClock, type VirtualClock } from "@warren/host/testing";
import { beforeEach, describe, expect, test } from "vitest";
import {
  BEAT_MS,
  Instance,
  LEASE_MS,
  type InstanceNote,
  type InstanceOptions,
} from "../src/instances/instance.ts";
import { Settling } from "../src/instances/settling.ts";
import { firstLease, type Leases } from "../src/leases/ports.ts";
import { memoryLeases } from "../src/store/memory/memory-leases.ts";

let clock: VirtualClock;
let leases: Leases;
let told: string[];
const names = () =>
  leases.list("instance", undefined, 10).then((all) => all.map(({ name }) => name));

beforeEach(() => {
  clock = virtualClock();
  leases = memoryLeases();
  told = [];
});

function open(name: string, given: Partial<InstanceOptions> = {}) {
  let made = 0;
  return new Instance({
    leases,
    log: { tail: async () => ({ entries: [], cursor: "here" }) },
    settling: new Settling(),
    clock,
    newId: () => (made++ === 0 ? name : `${name}-${made}`),
    isShared: true,
    attended: () => ({}),
    saw: () => {},
    inherit: async (dead: string, { settled }: InstanceNote) =>
      void told.push(`${name} inherits ${dead} from ${settled}`),
    orphans: async (holder: string) => void told.push(`${name} finds ${holder || "nobody"}`),
    lost: () => void told.push(`${name} is lost`),
    failed: (cause: unknown) => void told.push(`${name} fails: ${String(cause)}`),
    ...given,
  });
}

/** Everything that promises have to do until nothing moves any more. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= BEAT_MS) {
    clock.advance(Math.min(left, BEAT_MS));
    await settle();
  }
}

/** One that is there and never moves, as after a kill. */
async function dead(name: string): Promise<void> {
  const lease = { kind: "instance", userId: "", name } as const;
  const note = JSON.stringify({ settled: "there" });
  await leases.put(lease, undefined, firstLease(lease, name, note));
}

describe("an instance", () => {
  test("is known to others before it holds anything, and gone when it ends", async () => {
    await using one = open("one");
    expect(await one.entered()).toBe("one");
    expect(await names()).toEqual(["one"]);
    await one[Symbol.asyncDispose]();
    expect(await names()).toEqual([]);
  });

  test("that lives is left alone", async () => {
    await using one = open("one");
    await using other = open("other");
    await pass(3 * LEASE_MS);
    expect(told).toEqual([]);
    expect([one.knows("other"), other.knows("one"), one.knows("none")]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("that says nothing for its lease is inherited from once, and removed", async () => {
    await dead("gone");
    await using one = open("one");
    await using other = open("other");
    await pass(LEASE_MS - BEAT_MS);
    expect(told).toEqual([]);
    await pass(3 * BEAT_MS);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^(one|other) inherits gone from there$/);
    expect(await names()).toEqual([one.name, other.name]);
  });

  test("that is alone in its store waits for nobody", async () => {
    await dead("gone");
    await using _one = open("one", { isShared: false });
    await settle();
    await pass(BEAT_MS);
    expect(told).toEqual(["one inherits gone from there"]);
  });

  test("whose heir dies in the middle is inherited from by another", async () => {
    await dead("gone");
    const never = new Promise<void>(() => {});
    const heir = open("heir", { inherit: () => never });
    await pass(LEASE_MS + 2 * BEAT_MS);
    expect(await names()).toContain("gone");
    await using _next = open("next");
    await pass(LEASE_MS + 3 * BEAT_MS);
    expect(told).toContain("next inherits gone from there");
    expect(await names()).not.toContain("gone");
    void heir;
  });

  test("that others took for dead begins anew under another name, with nothing", async () => {
    await using one = open("one");
    await one.entered();
    const [lease] = await leases.list("instance", undefined, 1);
    await leases.put(lease!, lease, undefined);
    await pass(2 * BEAT_MS);
    expect(told).toContain("one is lost");
    expect(await one.entered()).toBe("one-2");
    expect(await names()).toEqual(["one-2"]);
  });

  test("goes on with runs that nobody who lives holds", async () => {
    await using one = open("one");
    await one.entered();
    const run = { kind: "run", userId: "alice", name: "s" } as const;
    await leases.put(run, undefined, firstLease(run, "stranger", "{}"));
    const left = { ...run, name: "t" };
    await leases.put(left, undefined, firstLease(left, "", "{}"));
    const mine = { ...run, name: "u" };
    await leases.put(mine, undefined, firstLease(mine, "one", "{}"));
    await pass(BEAT_MS);
    expect(told.toSorted()).toEqual(["one finds nobody", "one finds stranger"]);
  });

  test("does not take others for dead while the store was away", async () => {
    let isAway = false;
    const flaky: Leases = {
      ...leases,
      list: (...args) => (isAway ? Promise.reject(new Error("away")) : leases.list(...args)),
    };
    await dead("other");
    await using _one = open("one", { leases: flaky });
    await pass(LEASE_MS - 2 * BEAT_MS);
    isAway = true;
    await pass(10 * LEASE_MS);
    isAway = false;
    await pass(BEAT_MS);
    expect(told).toEqual(["one fails: Error: away"]);
    await pass(4 * BEAT_MS);
    expect(told.at(-1)).toBe("one inherits other from there");
  });
});
