import * as fc from "fast-check";
import { expect, test } from "vitest";
import { closeFrame, FrameBoundary } from "./websocket-frames.ts";

/** A frame as RFC 6455 §5.2 draws it. */
function frame(opcode: number, length: number, masked: boolean): number[] {
  const bit = masked ? 0x80 : 0;
  const size =
    length < 126
      ? [bit | length]
      : length < 65_536
        ? [bit | 126, length >> 8, length & 255]
        : [bit | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255];
  const mask = masked ? [1, 2, 3, 4] : [];
  return [0x80 | opcode, ...size, ...mask, ...Array<number>(length).fill(0x88)];
}

test("a boundary is seen exactly where a frame ends, however the bytes are cut", () => {
  const kind = fc.tuple(
    fc.constantFrom(0, 1, 2, 9, 10),
    fc.constantFrom(0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000),
    fc.boolean(),
  );
  fc.assert(
    fc.property(fc.array(kind, { maxLength: 4 }), fc.array(fc.nat(200_000)), (kinds, cuts) => {
      const frames = kinds.map(([opcode, length, masked]) => frame(opcode, length, masked));
      const boundaries = new Set([0]);
      let total = 0;
      for (const one of frames) boundaries.add((total += one.length));
      const bytes = new Uint8Array(total);
      let at = 0;
      for (const one of frames) {
        bytes.set(one, at);
        at += one.length;
      }
      const ends = [...cuts.map((cut) => Math.min(cut, total)), ...boundaries].sort(
        (a, b) => a - b,
      );
      const tracker = new FrameBoundary();
      let start = 0;
      for (const end of ends) {
        tracker.pass(bytes.subarray(start, end));
        start = end;
        expect(tracker.atBoundary).toBe(boundaries.has(end));
      }
      expect(tracker.closing).toBe(false);
    }),
  );
});

test("a Close frame is noticed with its first byte", () => {
  const tracker = new FrameBoundary();
  tracker.pass(Uint8Array.of(0x88));
  expect(tracker.closing).toBe(true);
  expect(tracker.atBoundary).toBe(false);
});

test("a Close frame is laid out as RFC 6455 says", () => {
  expect([...closeFrame(1012, "a\u00e9")]).toEqual([0x88, 4, 0x03, 0xf4, 0x61, 0x3f]);
  const masked = closeFrame(1012, "ab", Uint8Array.of(1, 2, 3, 4));
  expect([...masked]).toEqual([0x88, 0x84, 1, 2, 3, 4, 0x03 ^ 1, 0xf4 ^ 2, 0x61 ^ 3, 0x62 ^ 4]);
  expect(closeFrame(1000, "x".repeat(200)).length).toBe(127);
});
