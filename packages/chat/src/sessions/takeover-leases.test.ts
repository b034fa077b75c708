import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import type { Entry } from "../log/entry.ts";
import type { SessionRow } from "../log/session-row.ts";
import { NO_CONTROL } from "../log/view.ts";
import { memoryCounters } from "./held-counters.ts";
import { TakeoverLeases } from "./takeover-leases.ts";

const LEASE_MS = 60_000;
const KEY = { userId: "alice", sessionId: "5".repeat(32) };

const FREE = { ...KEY, control: NO_CONTROL, endMs: undefined } as SessionRow;

/** An instance over counters that others may share, with rows and admins as a test says. */
function instance({ counters = memoryCounters(), rows = [] as SessionRow[] } = {}) {
  const clock = virtualClock();
  const there = new Set<string>();
  const ended: number[] = [];
  const failures: unknown[] = [];
  let away: Error | undefined;
  let isErased = false;
  const leases = new TakeoverLeases({
    counters,
    clock,
    wallClock: () => 0,
    leaseMs: LEASE_MS,
    isThere: (_, adminId) => there.has(adminId),
    row: async () => (isErased ? undefined : (rows[0] ?? FREE)),
    list: async () => ({ rows, total: rows.length, isCapped: false, next: undefined }),
    end: async (_, epoch) => {
      if (away !== undefined) throw away;
      ended.push(epoch);
    },
    failed: (cause) => failures.push(cause),
  });
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= LEASE_MS / 10) {
      await settled();
      clock.advance(Math.min(left, LEASE_MS / 10));
    }
    await settled();
  };
  const setAway = (error: Error | undefined) => (away = error);
  const erase = () => (isErased = true);
  return { leases, there, ended, failures, advance, setAway, erase };
}
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

function said(kind: "control" | "message" | "ended", given: object = {}, body: object = {}): Entry {
  const entry = { ...KEY, author: "user:alice", controlEpoch: 1, isHeld: true, isClosed: false };
  return { ...entry, kind, body: JSON.stringify(body), ...given } as Entry;
}
const taken = (adminId: string, controlEpoch = 1) =>
  said("control", { controlEpoch }, { mode: "person", adminId, why: "takeover" });

function held(adminId: string): SessionRow {
  const control = { ...NO_CONTROL, epoch: 3, mode: "person" as const, adminId };
  return { ...KEY, control, endMs: undefined } as SessionRow;
}

describe("a takeover", () => {
  test("ends when its admin has not been seen for the lease, and not before", async () => {
    const { leases, ended, advance } = instance();
    await using _ = leases;
    leases.note(taken("bob"));
    await advance(LEASE_MS - 6_000);
    expect(ended).toEqual([]);
    await advance(12_000);
    expect(ended).toEqual([1]);
    expect(leases.size).toBe(0);
  });

  test("lasts while its admin follows the session, and through a reconnect", async () => {
    const { leases, there, ended, advance } = instance();
    await using _ = leases;
    there.add("bob");
    leases.note(taken("bob"));
    await advance(5 * LEASE_MS);
    there.delete("bob");
    await advance(LEASE_MS / 2);
    there.add("bob");
    await advance(5 * LEASE_MS);
    expect(ended).toEqual([]);
  });

  test.each<{ name: string; act: (leases: TakeoverLeases) => void; lasts: boolean }>([
    {
      name: "a message of its admin",
      act: (leases) => leases.note(said("message", { author: "admin:bob" })),
      lasts: true,
    },
    { name: "its admin's taking it again", act: (leases) => leases.renew(KEY), lasts: true },
    {
      name: "a message of another admin",
      act: (leases) => leases.note(said("message", { author: "admin:eve" })),
      lasts: false,
    },
    {
      name: "a message of the user",
      act: (leases) => leases.note(said("message")),
      lasts: false,
    },
  ])("is renewed by $name: $lasts", async ({ act, lasts }) => {
    const { leases, ended, advance } = instance();
    await using _ = leases;
    leases.note(taken("bob"));
    for (let i = 0; i < 4; i++) {
      await advance(LEASE_MS / 2);
      act(leases);
    }
    expect(ended.length === 0).toBe(lasts);
  });

  test("of a session that was erased is forgotten, also while its admin looks at it", async () => {
    const counters = memoryCounters();
    const { leases, there, ended, advance, erase } = instance({ counters });
    await using _ = leases;
    there.add("bob");
    leases.note(taken("bob"));
    await advance(2 * LEASE_MS);
    expect(leases.size).toBe(1);
    erase();
    await advance(2 * LEASE_MS);
    expect([leases.size, await counters.read(KEY, 1), ended]).toEqual([0, undefined, []]);
  });

  test("that was handed on has a lease of its own", async () => {
    const { leases, there, ended, advance } = instance();
    await using _ = leases;
    there.add("bob");
    leases.note(taken("bob"));
    await advance(LEASE_MS);
    leases.note(taken("ann", 2));
    await advance(LEASE_MS / 2);
    expect(ended).toEqual([]);
    await advance(LEASE_MS);
    expect(ended).toEqual([2]);
  });

  test.each([
    { name: "was left", over: said("control", { controlEpoch: 2 }, { mode: "bot", why: "leave" }) },
    { name: "ended with its session", over: said("ended", { isClosed: true }) },
  ])("that $name is not ended again", async ({ over }) => {
    const { leases, ended, advance } = instance();
    await using _ = leases;
    leases.note(taken("bob"));
    leases.note(over);
    await advance(3 * LEASE_MS);
    expect(ended).toEqual([]);
  });

  test("from before a restart is found, and has a whole lease", async () => {
    const { leases, ended, advance } = instance({ rows: [held("bob")] });
    await using _ = leases;
    await advance(LEASE_MS - 6_000);
    expect(leases.size).toBe(1);
    expect(ended).toEqual([]);
    await advance(12_000);
    expect(ended).toEqual([3]);
  });

  test("that another instance began is found when something is said in it", async () => {
    const rows: SessionRow[] = [];
    const { leases, ended, advance } = instance({ rows });
    await using _ = leases;
    await settled();
    rows.push(held("bob"));
    leases.note(said("message"));
    await advance(2 * LEASE_MS);
    expect(ended).toEqual([3]);
  });

  test("that another instance stored is heard of once, however often it is told", async () => {
    const { leases, ended, advance } = instance();
    await using _ = leases;
    leases.heard(taken("bob"));
    await advance(LEASE_MS / 2);
    leases.heard(taken("bob"));
    leases.heard(said("message", { author: "admin:bob" }));
    await advance(LEASE_MS / 2 + 6_000);
    expect(ended).toEqual([1]);
  });

  test("whose admin is at another instance lasts", async () => {
    const counters = memoryCounters();
    const [here, elsewhere] = [instance({ counters }), instance({ counters })];
    await using _ = here.leases;
    await using __ = elsewhere.leases;
    elsewhere.there.add("bob");
    for (const one of [here, elsewhere]) one.leases.note(taken("bob"));
    const step = LEASE_MS / 5;
    for (let i = 0; i < 20; i++) {
      await elsewhere.advance(step);
      await here.advance(step);
    }
    expect(here.ended).toEqual([]);
    elsewhere.there.delete("bob");
    await elsewhere.advance(step);
    await here.advance(2 * LEASE_MS);
    expect(here.ended).toEqual([1]);
  });

  test("that could not be ended is ended when the store is back", async () => {
    const { leases, ended, failures, advance, setAway } = instance();
    await using _ = leases;
    setAway(new Error("away"));
    leases.note(taken("bob"));
    await advance(2 * LEASE_MS);
    expect(failures.length).toBeGreaterThan(0);
    setAway(undefined);
    await advance(LEASE_MS);
    expect(ended).toEqual([1]);
  });
});
