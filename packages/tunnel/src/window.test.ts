import { FLOOR_BYTES } from "@warren/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Pool } from "./pool.ts";
import { MAX_WINDOW_BYTES, Window } from "./window.ts";

const MIB = 1_048_576;

/** As a tunnel does it. */
function consume(window: Window, bytes: number, path: Parameters<Window["grant"]>[0]): number {
  return window.consumed(bytes) ? window.grant(path) : 0;
}

test("a window grows to some times what flows in a round trip, and no further", () => {
  const pool = new Pool(64 * MIB);
  const window = new Window();
  for (let nowMs = 0; nowMs < 1_000; nowMs += 1) {
    expect(window.arrived(1_000)).toBe(true);
    consume(window, 1_000, { nowMs, rttMs: 50, pool });
  }
  expect(window.sizeBytes).toBeGreaterThan(2 * 50_000);
  expect(window.sizeBytes).toBeLessThan(6 * 50_000);
  expect(pool.lentBytes).toBe(window.sizeBytes - FLOOR_BYTES);
});

test("a window shrinks with its consumer, and the pool gets the difference", () => {
  const pool = new Pool(64 * MIB);
  const window = new Window();
  const flow = (bytes: number, fromMs: number, toMs: number) => {
    for (let nowMs = fromMs; nowMs < toMs; nowMs++) {
      window.arrived(bytes);
      consume(window, bytes, { nowMs, rttMs: 50, pool });
    }
  };
  flow(20_000, 0, 1_000);
  const before = pool.lentBytes;
  flow(500, 1_000, 10_000);
  expect(before).toBeGreaterThan(1_000_000);
  expect(pool.lentBytes).toBeLessThan(before / 8);
  expect(window.sizeBytes).toBe(FLOOR_BYTES + pool.lentBytes);
});

test("no window is larger than the largest, however fast its consumer", () => {
  const pool = new Pool(1_024 * MIB);
  const window = new Window();
  for (let nowMs = 0; nowMs < 500; nowMs++) {
    const bytes = window.receivable;
    window.arrived(bytes);
    consume(window, bytes, { nowMs, rttMs: 1, pool });
  }
  expect(window.sizeBytes).toBeLessThanOrEqual(MAX_WINDOW_BYTES);
  expect(window.sizeBytes).toBeGreaterThan(MAX_WINDOW_BYTES / 2);
});

test("with nothing left in the pool a window stays at its floor, and still gives credit", () => {
  const pool = new Pool(0);
  const window = new Window();
  let given = 0;
  for (let nowMs = 0; nowMs < 100; nowMs++) {
    window.arrived(4_096);
    given += consume(window, 4_096, { nowMs, rttMs: 1, pool });
  }
  expect(window.sizeBytes).toBe(FLOOR_BYTES);
  expect(given).toBeGreaterThan(99 * 4_096 - FLOOR_BYTES);
});

test.each([
  { name: "more than it has", bytes: FLOOR_BYTES + 1, want: false },
  { name: "all that it has", bytes: FLOOR_BYTES, want: true },
])("a peer may not give back $name: $want is the answer", ({ bytes, want }) => {
  expect(new Window().returned(bytes, new Pool(0))).toBe(want);
});

type Step =
  | { do: "arrive"; bytes: number }
  | { do: "consume"; share: number }
  | { do: "return"; share: number }
  | { do: "wait"; ms: number }
  | { do: "end" };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("arrive" as const), bytes: fc.nat(300_000) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("consume" as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("return" as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const) }) },
);

test("what is outstanding is the floor and what was borrowed, whatever comes and goes (W1, W2)", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.nat(2 * MIB), (steps, poolBytes) => {
      const pool = new Pool(poolBytes);
      const window = new Window();
      let nowMs = 0;
      let ended = false;
      for (const one of steps) {
        if (one.do === "wait") nowMs += one.ms;
        if (one.do === "arrive" && !ended) window.arrived(Math.min(one.bytes, window.receivable));
        if (one.do === "consume") {
          const bytes = Math.floor(window.unconsumedBytes * one.share);
          if (ended) window.left(bytes, pool);
          else consume(window, bytes, { nowMs, rttMs: 20, pool });
        }
        if (one.do === "return" && !ended)
          window.returned(Math.floor(window.receivable * one.share), pool);
        if (one.do === "end") {
          ended = true;
          window.ended(pool);
        }
        const outstanding = window.receivable + window.unconsumedBytes;
        expect(outstanding).toBeLessThanOrEqual(FLOOR_BYTES + pool.lentBytes);
        expect(pool.lentBytes).toBeLessThanOrEqual(poolBytes);
        expect(window.borrows).toBe(pool.lentBytes > 0);
      }
      window.close(pool);
      expect(pool.lentBytes).toBe(0);
    }),
  );
});

test("1,000 readers that stall after half a floor lend a tunnel's whole pool out; a later one has its floor, and more once some have gone", () => {
  const pool = new Pool(16 * MIB);
  const path = { nowMs: 0, rttMs: 50, pool };
  const first = FLOOR_BYTES / 2;
  /** Reads half of the floor, and no more. */
  const begin = () => {
    const window = new Window();
    window.arrived(first);
    consume(window, first, path);
    return window;
  };
  const stalled = Array.from({ length: 1_000 }, begin);
  const grown = stalled.filter(({ sizeBytes }) => sizeBytes === 131_072).length;
  const some = stalled.filter(({ sizeBytes }) => sizeBytes > FLOOR_BYTES).length;
  // What the decision page says.
  expect({ grown, some, left: pool.totalBytes - pool.lentBytes }).toEqual({
    grown: 145,
    some: 163,
    left: 1,
  });
  const later = begin();
  expect([later.sizeBytes, later.receivable]).toEqual([FLOOR_BYTES, FLOOR_BYTES]);
  for (const window of stalled.slice(0, 10)) window.close(pool);
  for (let nowMs = 0; nowMs < 200; nowMs += 5) {
    later.arrived(FLOOR_BYTES);
    consume(later, FLOOR_BYTES, { ...path, nowMs });
  }
  expect(later.sizeBytes).toBeGreaterThan(FLOOR_BYTES + 4 * 114_688);
});
