import type { WireEntry } from "@warren/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entry } from "../../test/_kit.ts";
import { SessionLog } from "./session-log.ts";
import { numberOf, type Versions } from "./versions.ts";
import { inOrder, view } from "./view.ts";

const text = (number: number, origin = "home:1") => entry("message", { number, origin });
const numbers = (entries: Iterable<WireEntry>) => [...entries].map(({ number }) => number);

describe("a session's log", () => {
  test("takes what follows, and keeps what comes too early until it does", () => {
    const log = new SessionLog();
    expect(numbers(log.add(text(1)))).toEqual([1]);
    expect(log.add(text(4))).toEqual([]);
    expect(log.gaps()).toEqual([{ origin: "home:1", from: 2, to: 3 }]);
    expect(numbers(log.add(text(2)))).toEqual([2]);
    expect(numbers(log.add(text(3)))).toEqual([3, 4]);
    expect([log.gaps(), log.versions]).toEqual([[], { "home:1": 4 }]);
  });

  test("forgets what lies below a snapshot, and says that there is more", () => {
    const log = new SessionLog();
    log.add(text(1));
    log.resumed({
      mode: "snapshot",
      entries: [text(8), text(9)],
      versions: { "home:1": 9 },
      older: { "home:1": 7 },
    });
    expect(numbers(log.entries())).toEqual([8, 9]);
    expect([log.hasOlder, log.floor, log.versions]).toEqual([
      true,
      { "home:1": 7 },
      { "home:1": 9 },
    ]);
    expect(log.older([text(6), text(7)], { "home:1": 5 })).toBe(true);
    expect(
      log.older(
        [1, 2, 3, 4, 5].map((number) => text(number)),
        {},
      ),
    ).toBe(true);
    expect([log.hasOlder, numbers(log.entries()).sort((a, b) => a - b)]).toEqual([
      false,
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ]);
  });

  test("does not take a page that leaves a hole", () => {
    const log = new SessionLog();
    const older = { "home:1": 90 };
    log.resumed({ mode: "snapshot", entries: [text(91)], versions: { "home:1": 91 }, older });
    // Asked for by another tab, which has more.
    expect(log.older([text(40), text(41)], { "home:1": 39 })).toBe(false);
    expect([numbers(log.entries()), log.floor]).toEqual([[91], older]);
  });

  test("is the same after it was kept", () => {
    const log = new SessionLog();
    for (let number = 1; number <= 20; number++) log.add(text(number));
    const kept = SessionLog.of(structuredClone(log.record(5)));
    expect(numbers(kept.entries())).toEqual([16, 17, 18, 19, 20]);
    expect([kept.floor, kept.versions, kept.hlc]).toEqual([
      { "home:1": 15 },
      { "home:1": 20 },
      log.hlc,
    ]);
  });

  test("comes to have everything once, however it is delivered", () =>
    fc.assert(
      fc.property(world(), ({ all, steps, seed }) => {
        const log = new SessionLog();
        const added: WireEntry[] = [];
        let at = seed;
        for (const step of steps) {
          at = (at * 48_271 + step) % 2_147_483_647;
          if (step % 10 === 0) added.push(...log.resumed(serviceState(all, log.versions, 7)));
          else if (step % 10 === 1) page(all, log, 3);
          else added.push(...log.add(all[at % all.length]!));
          isWhole(log);
        }
        // And then as a client does at the end: resume, and load what is above.
        added.push(...log.resumed(serviceState(all, log.versions, 7)));
        while (log.hasOlder) page(all, log, 5);
        isWhole(log);
        expect([...log.entries()].sort(inOrder)).toEqual([...all].sort(inOrder));
        expect(view(log.entries())).toEqual(view(all));
        expect(new Set(added).size).toBe(added.length);
        const kept = SessionLog.of(log.record(4));
        isWhole(kept);
        while (kept.hasOlder) page(all, kept, 5);
        expect([...kept.entries()].sort(inOrder)).toEqual([...all].sort(inOrder));
      }),
      { numRuns: 500 },
    ));
});

/** Entries of up to three clusters, in one order of time, and what happens to them. */
function world() {
  return fc.record({
    all: fc
      .array(fc.constantFrom("a:1", "b:1", "c:2"), { minLength: 1, maxLength: 40 })
      .map((origins) => {
        const counts = new Map<string, number>();
        return origins.map((origin, at) => {
          const number = (counts.get(origin) ?? 0) + 1;
          counts.set(origin, number);
          return entry("message", { number, origin, hlc: at + 1 });
        });
      }),
    steps: fc.array(fc.nat(1_000), { maxLength: 60 }),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  });
}

/** Of each origin all from above the floor to the version: no hole. */
function isWhole(log: SessionLog): void {
  const found = [...log.entries()].map(({ origin, number }) => `${origin} ${number}`);
  const want = Object.entries(log.versions).flatMap(([origin, top]) => {
    const floor = numberOf(log.floor, origin);
    return Array.from({ length: top - floor }, (_, at) => `${origin} ${floor + 1 + at}`);
  });
  expect(found.sort()).toEqual(want.sort());
}

/** What the service answers: what is missing, or where that is too much the newest and what is below. */
function serviceState(all: readonly WireEntry[], has: Versions, most: number) {
  const missing = all.filter(({ origin, number }) => number > numberOf(has, origin));
  const versions = topOf(all);
  if (missing.length <= most) return { mode: "delta" as const, entries: missing, versions };
  return { mode: "snapshot" as const, ...newest(all, most), versions };
}

function page(all: readonly WireEntry[], log: SessionLog, most: number): void {
  if (!log.hasOlder) return;
  const below = all.filter(({ origin, number }) => number <= numberOf(log.floor, origin));
  const { entries, older } = newest(below, most);
  expect(log.older(entries, older)).toBe(true);
}

function newest(entries: readonly WireEntry[], most: number) {
  const sorted = [...entries].sort(inOrder);
  const chosen = sorted.slice(Math.max(0, sorted.length - most));
  const older: Record<string, number> = { ...topOf(entries) };
  for (const { origin, number } of chosen.toReversed()) older[origin] = number - 1;
  return {
    entries: chosen,
    older: Object.fromEntries(Object.entries(older).filter(([, number]) => number > 0)),
  };
}

function topOf(entries: readonly WireEntry[]): Versions {
  const top: Record<string, number> = {};
  for (const { origin, number } of entries) top[origin] = Math.max(number, top[origin] ?? 0);
  return top;
}
