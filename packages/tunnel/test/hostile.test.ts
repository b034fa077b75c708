import {
  FLAG,
  FLOOR_BYTES,
  FRAME,
  LIMITS,
  MIN_FRAME_BYTES,
  WireError,
  writeFrameHeader,
} from "@warren/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { limitsOf } from "../src/announce.ts";
import { Recorder, TunnelPair } from "../src/testing/index.ts";

/** One frame as bytes. */
function frame(type: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const whole = new Uint8Array(8 + payload.length);
  writeFrameHeader(whole, 0, { type, flags: 0, length: payload.length, stream });
  whole.set(payload, 8);
  return whole;
}
const u32 = (value: number) => Uint8Array.from([value >>> 24, value >>> 16, value >>> 8, value]);
const bytes = (count: number) => new Uint8Array(count);

/** A tunnel that has accepted stream 1 and never consumes. */
function victim() {
  const pair = new TunnelPair({
    limits: { ...LIMITS, streams: 3 },
    onStream(stream) {
      const owner = new Recorder();
      owner.consuming = false;
      stream.owner = owner;
    },
  });
  pair.acceptor.receive(frame(FRAME.open, 1, bytes(10)));
  return pair;
}

test.each([
  { name: "a frame over the limit", send: [frame(FRAME.data, 1, bytes(LIMITS.frameBytes + 1))] },
  {
    name: "bytes beyond its credit",
    send: [frame(FRAME.data, 1, bytes(FLOOR_BYTES)), frame(FRAME.data, 1, bytes(1))],
  },
  {
    name: "more streams than announced",
    send: [3, 5, 7].map((id) => frame(FRAME.open, id, bytes(4))),
  },
  {
    name: "an opening over 64 KiB",
    send: Array.from({ length: 9 }, () => frame(FRAME.open | FLAG.more, 3, bytes(8_000))),
  },
  {
    name: "trailers over 64 KiB",
    send: Array.from({ length: 9 }, () => frame(FRAME.trailers | FLAG.more, 1, bytes(8_000))),
  },
  {
    name: "trailers in endless empty parts",
    send: Array.from({ length: 300 }, () => frame(FRAME.trailers | FLAG.more, 1)),
  },
  {
    name: "a block inside a block",
    send: [frame(FRAME.open | FLAG.more, 3, bytes(4)), frame(FRAME.trailers | FLAG.end, 3)],
  },
  {
    name: "bytes inside a block",
    send: [frame(FRAME.trailers | FLAG.more, 1, bytes(4)), frame(FRAME.data, 1, bytes(4))],
  },
  { name: "trailers that end nothing", send: [frame(FRAME.trailers, 1, bytes(4))] },
  { name: "a head on a stream that it opened", send: [frame(FRAME.head, 1, bytes(4))] },
  { name: "an end in the middle of a block", send: [frame(FRAME.open | 0x30, 3, bytes(4))] },
  { name: "bytes that go on as a block would", send: [frame(FRAME.data | FLAG.more, 1)] },
  { name: "a reset that ends as data would", send: [frame(FRAME.reset | FLAG.end, 1)] },
  { name: "credit of another length", send: [frame(FRAME.credit, 1, bytes(5))] },
  { name: "a stop with a payload", send: [frame(FRAME.stop, 1, bytes(1))] },
  { name: "an unknown frame type", send: [frame(0x0f, 1)] },
  { name: "an unknown flag", send: [frame(FRAME.data | 0x80, 1)] },
  { name: "half a header", send: [frame(FRAME.data, 1).subarray(0, 5)] },
  { name: "a payload cut short", send: [frame(FRAME.data, 1, bytes(9)).subarray(0, 12)] },
  { name: "data for a stream that is not there", send: [frame(FRAME.data, 9, bytes(1))] },
  { name: "an id of the other side", send: [frame(FRAME.open, 2, bytes(1))] },
  { name: "stream 0", send: [frame(FRAME.open, 0, bytes(1))] },
  { name: "a stream opened twice", send: [frame(FRAME.open, 1, bytes(1))] },
  {
    name: "bytes after the end",
    send: [frame(FRAME.data | FLAG.end, 1), frame(FRAME.data, 1, bytes(1))],
  },
  {
    name: "an acknowledgement of what was never sent",
    send: [frame(FRAME.ack, 0, bytes(6).fill(1))],
  },
  { name: "credit without end", send: [frame(FRAME.credit, 1, u32(0xffff_ffff))] },
  { name: "a return of credit it never had", send: [frame(FRAME.giveBack, 1, u32(1 << 30))] },
  {
    name: "a detached payload of another length",
    send: [detachedHeader(1, 100), bytes(99)],
  },
  { name: "bytes behind a detached header", send: [joined(detachedHeader(1, 100), bytes(1))] },
])("a peer that sends $name is closed, and the process lives", ({ send }) => {
  const pair = victim();
  for (const message of send) pair.acceptor.receive(message);
  expect(pair.errors[0]?.code).toBe("protocol_error");
  expect(pair.acceptor.streams).toBe(0);
  expect(pair.pipe.right.closed || pair.pipe.pending > 0).toBe(true);
  expect(pair.acceptor.pool.lentBytes).toBe(0);
});

test.each([
  { name: "a reset", send: frame(FRAME.reset, 77) },
  { name: "credit", send: frame(FRAME.credit, 77, u32(1)) },
  { name: "a stop", send: frame(FRAME.stop, 77) },
])("$name for a stream that is gone is ignored", ({ send }) => {
  const pair = victim();
  pair.acceptor.receive(send);
  expect(pair.errors).toEqual([]);
});

test("a peer that never acknowledges is closed before its answers pile up", () => {
  const pair = new TunnelPair({ onStream: (stream) => stream.reset(refusal) });
  const refusal = new WireError("refused", "x".repeat(2_000));
  pair.pipe.left.onBinary = () => {};
  for (let id = 1; id < 600_000 && pair.errors.length === 0; id += 2) {
    pair.acceptor.receive(frame(FRAME.open | FLAG.end, id, bytes(4)));
    pair.acceptor.receive(frame(FRAME.reset, id));
    pair.settle(1);
  }
  expect(pair.errors[0]?.message).toBe("nothing is acknowledged");
  expect(pair.acceptor.stats().mostReplayBytes).toBeLessThan(3 * 1_048_576);
});

test("a peer that asks for tiny or huge frames gets frames of a sane size", () => {
  expect(limitsOf({ limits: { frame_bytes: 1, head_bytes: 9, streams: 5 } }).frameBytes).toBe(
    MIN_FRAME_BYTES,
  );
  expect(limitsOf({ limits: { frame_bytes: 2 ** 31, head_bytes: 9, streams: 5 } })).toEqual({
    frameBytes: LIMITS.frameBytes,
    headBytes: 9,
    streams: 5,
  });
});

test("any bytes at all are read or refused, never thrown at", () => {
  const type = fc.integer({ min: 0, max: 255 });
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc
      .tuple(type, fc.nat(6), fc.uint8Array({ maxLength: 40 }))
      .map(([first, stream, payload]) => frame(first, stream, payload)),
  );
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 30 }), (messages) => {
      const pair = victim();
      for (const message of messages) pair.acceptor.receive(message);
      pair.settle(20);
    }),
    { numRuns: 1_000 },
  );
});

function detachedHeader(stream: number, length: number): Uint8Array {
  const header = new Uint8Array(8);
  writeFrameHeader(header, 0, { type: FRAME.data, flags: FLAG.detached, length, stream });
  return header;
}
function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
