import { FRAME } from "@warren/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Replay, weight, type Frame } from "./replay.ts";

const frame = (n: number): Frame =>
  n % 3 === 0
    ? { first: FRAME.credit, stream: n, payload: undefined, value: n }
    : { first: FRAME.data, stream: n, payload: new Uint8Array(n % 50), value: 0 };

const sum = (frames: Frame[]) => frames.reduce((all, each) => all + weight(each), 0);

type Step = { do: "push" } | { do: "ack"; share: number } | { do: "cut"; share: number };
const share = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("push" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("ack" as const), share }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut" as const), share }) },
);

test("whatever is sent, acknowledged and cut, the peer gets each frame once and in order (R1 to R3)", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3_000, size: "max" }), (steps) => {
      const replay = new Replay();
      const got: number[] = [];
      let sent = 0;
      const deliver = (one: Frame, number: number) => {
        if (number === got.length + 1) got.push(one.stream);
      };
      for (const one of steps) {
        if (one.do === "push") {
          while (replay.behind) deliver(replay.again()!, replay.departed);
          replay.push(frame(++sent));
          deliver(frame(sent), replay.departed);
        } else {
          const upTo = replay.acked + Math.floor((got.length - replay.acked) * one.share);
          if (one.do === "ack")
            expect(replay.acknowledge(Math.min(upTo, replay.departed))).toBeGreaterThanOrEqual(0);
          else expect(replay.rewind(got.length)).toBe(true);
        }
        const kept = Array.from({ length: replay.sent - replay.acked }, (_, n) =>
          frame(replay.acked + n + 1),
        );
        const flying = kept.slice(0, replay.departed - replay.acked);
        const signals = kept.filter(({ first }) => first === FRAME.credit);
        expect([replay.keptBytes, replay.inFlightBytes, replay.signalBytes]).toEqual([
          sum(kept),
          sum(flying),
          sum(signals),
        ]);
        expect(replay.mostKeptBytes).toBeGreaterThanOrEqual(replay.keptBytes);
      }
      expect(got).toEqual(Array.from({ length: got.length }, (_, n) => n + 1));
      expect(replay.sent).toBe(sent);
    }),
    { numRuns: 20 },
  );
}, 60_000);

test.each([
  { name: "fewer than were acknowledged", upTo: 1, want: false },
  { name: "as many as were acknowledged", upTo: 2, want: true },
  { name: "all that were sent", upTo: 4, want: true },
  { name: "more than were sent", upTo: 5, want: false },
])("a resume from $name: $want", ({ upTo, want }) => {
  const replay = new Replay();
  for (let n = 1; n <= 4; n++) replay.push(frame(n));
  replay.acknowledge(2);
  expect(replay.rewind(upTo)).toBe(want);
});

test("what another transport must carry again cannot be acknowledged before it did", () => {
  const replay = new Replay();
  for (let n = 1; n <= 3; n++) replay.push(frame(n));
  replay.rewind(1);
  expect(replay.acknowledge(2)).toBe(-1);
  replay.again();
  expect(replay.acknowledge(2)).toBeGreaterThan(0);
});
