import { LIMITS, WireError } from "@warren/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Stream } from "../src/index.ts";
import { ManualClock, Recorder, TunnelPair } from "../src/testing/index.ts";

/**
 * The multiplexer against a model: whatever is written, consumed, cut and resumed in whatever order,
 * each stream's bytes arrive once and in order, ends arrive after all bytes, and credit is bounded.
 */
type Step =
  | { do: "open" }
  | { do: "write"; stream: number; side: 0 | 1; bytes: number }
  | { do: "end"; stream: number; side: 0 | 1 }
  | { do: "reset"; stream: number; side: 0 | 1 }
  | { do: "stall"; stream: number; side: 0 | 1; on: boolean }
  | { do: "settle"; steps: number }
  | { do: "flap" }
  | { do: "wait"; ms: number };

const side = fc.constantFrom(0 as const, 1 as const);
const stream = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("open" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      stream,
      side,
      bytes: fc.oneof(fc.nat(50), fc.nat(40_000), fc.nat(200_000)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const), stream, side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reset" as const), stream, side }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("stall" as const), stream, side, on: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("settle" as const), steps: fc.nat(8) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("flap" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(12_000) }),
  },
);

interface End {
  stream: Stream | undefined;
  heard: Recorder;
  written: number;
  ended: boolean;
  reset: boolean;
}

/** Byte i of a direction is i mod 251, so that a hole, a repeat or a swap shows. */
function pattern(from: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (from + i) % 251);
}

function fresh(): End {
  return { stream: undefined, heard: new Recorder(), written: 0, ended: false, reset: false };
}

function run(steps: readonly Step[]): void {
  const clock = new ManualClock();
  const ends: [End, End][] = [];
  const pair = new TunnelPair({
    clock,
    poolBytes: 300_000,
    limits: LIMITS,
    onStream(opened, opening) {
      const end = ends[Number(String.fromCharCode(...opening))]![1];
      end.stream = opened;
      opened.owner = end.heard;
    },
  });
  const pick = (at: { stream: number; side: 0 | 1 }) => ends[at.stream]?.[at.side];
  const act = (now: Step): void => {
    switch (now.do) {
      case "open": {
        const both: [End, End] = [fresh(), fresh()];
        ends.push(both);
        const name = Uint8Array.from(String(ends.length - 1), (char) => char.charCodeAt(0));
        both[0].stream = pair.dialler.open(name, false, both[0].heard);
        return;
      }
      case "write": {
        const end = pick(now);
        if (end?.stream === undefined || end.ended || end.reset) return;
        end.stream.write(pattern(end.written, now.bytes), false);
        end.written += now.bytes;
        return;
      }
      case "end": {
        const end = pick(now);
        if (end?.stream === undefined || end.reset) return;
        end.ended = true;
        end.stream.end();
        return;
      }
      case "reset": {
        const end = pick(now);
        if (end?.stream === undefined) return;
        end.reset = true;
        end.stream.reset(new WireError("cancelled", ""));
        return;
      }
      case "stall": {
        const end = pick(now);
        if (now.on && end !== undefined) end.heard.consuming = false;
        else end?.heard.catchUp();
        return;
      }
      case "settle":
        return pair.settle(now.steps);
      case "flap":
        return pair.flap();
      case "wait":
        return clock.advance(now.ms);
    }
  };
  for (const one of steps) act(one);
  for (const both of ends) for (const end of both) end.heard.catchUp();
  clock.advance(1);
  pair.settle();
  check(pair, ends);
}

function check(pair: TunnelPair, ends: [End, End][]): void {
  expect(pair.errors).toEqual([]);
  for (const [a, b] of ends)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const got = Buffer.concat(to.heard.chunks);
      expect(got.equals(pattern(0, got.length))).toBe(true);
      expect(got.length).toBeLessThanOrEqual(from.written);
      if (a.reset || b.reset) continue;
      expect(got.length).toBe(from.written);
      expect(to.heard.ended).toBe(from.ended);
    }
  const open = ends.filter(([a, b]) => !(a.reset || b.reset) && !(a.ended && b.ended)).length;
  expect(pair.dialler.streams).toBe(open);
  expect(pair.acceptor.streams).toBe(open);
  if (open === 0)
    expect([pair.dialler.pool.lentBytes, pair.acceptor.pool.lentBytes]).toEqual([0, 0]);
}

test("streams are exact under any order of writes, stalls, cuts and resumes", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 80 }), (steps) => {
      run([{ do: "open" }, ...steps]);
    }),
    { numRuns: 300 },
  );
}, 60_000);
