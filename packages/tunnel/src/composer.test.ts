import { FLAG, FRAME, FRAME_HEADER_BYTES, readU48 } from "@warren/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Composer } from "./composer.ts";
import type { Transport } from "./ports.ts";
import { Reader } from "./reader.ts";
import type { Frame } from "./replay.ts";

/** What a transport was given to send. */
function wire() {
  const messages: Uint8Array[] = [];
  const transport: Transport = {
    send: (message) => void messages.push(message),
    sendText() {},
    batch: (writes) => writes(),
    close() {},
    terminate() {},
    bufferedBytes: 0,
  };
  return { messages, transport };
}
function compose(frames: readonly Frame[]): Uint8Array[] {
  const { messages, transport } = wire();
  const composer = new Composer((bytes) => new Uint8Array(bytes).fill(0xee));
  for (const frame of frames) composer.add(frame, transport);
  composer.finish(transport);
  composer.finish(transport);
  return messages;
}
const data = (bytes: number, stream = 1): Frame => ({
  first: FRAME.data,
  stream,
  payload: new Uint8Array(bytes).fill(stream),
  value: 0,
});
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("small frames share a message, in order; nothing to say is no message", () => {
  expect(compose([])).toEqual([]);
  expect(compose([data(2, 1), data(1, 2)]).map(hex)).toEqual([
    "03000002000000010101030000010000000202",
  ]);
});

test.each([
  {
    name: "credit",
    frame: { first: FRAME.credit, stream: 3, payload: undefined, value: 0x01020304 },
    want: "060000040000000301020304",
  },
  {
    name: "a stop",
    frame: { first: FRAME.stop, stream: 3, payload: undefined, value: 0 },
    want: "0700000000000003",
  },
  {
    name: "credit given back",
    frame: { first: FRAME.giveBack, stream: 3, payload: undefined, value: 1 },
    want: "080000040000000300000001",
  },
  {
    name: "an acknowledgement",
    frame: { first: FRAME.ack, stream: 2_000, payload: undefined, value: 2 ** 32 + 5 },
    want: "09000006000007d0000100000005",
  },
  {
    name: "a bare reset",
    frame: { first: FRAME.reset, stream: 3, payload: undefined, value: 0 },
    want: "0500000000000003",
  },
])("$name is $want", ({ frame, want }) => {
  expect(compose([frame]).map(hex)).toEqual([want]);
});

test("a large payload is the whole next message, the very bytes that were given", () => {
  const large = data(8_192);
  const messages = compose([data(1), large, data(1)]);
  expect(messages).toHaveLength(3);
  expect(hex(messages[0]!)).toBe("0300000100000001014300200000000001");
  expect(messages[1]).toBe(large.payload);
  expect(messages.every(({ length }) => length < 65_536 + 8_192 + FRAME_HEADER_BYTES)).toBe(true);
});

test("no message grows far beyond 64 KiB", () => {
  const messages = compose(Array.from({ length: 100 }, () => data(8_191)));
  expect(messages.length).toBeGreaterThan(10);
  expect(Math.max(...messages.map(({ length }) => length))).toBeLessThan(65_536 + 8_192 + 8);
});

test("what was composed reads back frame by frame, and cut anywhere it is never misread", () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 8_000, max: 8_400 }).map((n) => new Uint8Array(n)),
  );
  const stream = fc.integer({ min: 1, max: 0xffff_ffff });
  const frame: fc.Arbitrary<Frame> = fc.oneof(
    fc.record({
      first: fc.constantFrom(FRAME.data, FRAME.open | FLAG.more, FRAME.trailers | FLAG.end),
      stream,
      payload,
      value: fc.constant(0),
    }),
    fc.record({
      first: fc.constant(FRAME.ack),
      stream,
      payload: fc.constant(undefined),
      value: fc.maxSafeNat().map((n) => n % 2 ** 48),
    }),
  );
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 40 }), fc.nat(), (frames, cut) => {
      const messages = compose(frames);
      const read = readAll(messages);
      expect(read.wrong).toBeUndefined();
      expect(read.seen).toEqual(frames.map(said));
      const at = messages.length === 0 ? 0 : cut % messages.length;
      const before = readAll(messages.slice(0, at));
      expect(before.wrong).toBeUndefined();
      expect(before.seen).toEqual(read.seen.slice(0, before.seen.length));
    }),
  );
});

const said = ({ first, stream, payload, value }: Frame): string =>
  `${first} ${stream} ${payload === undefined ? value : hex(payload)}`;

function readAll(messages: readonly Uint8Array[]) {
  const seen: string[] = [];
  const sink = {
    onFrame(first: number, stream: number, bytes: Uint8Array) {
      const payload = first === FRAME.ack ? undefined : bytes;
      seen.push(
        said({ first, stream, payload, value: payload === undefined ? readU48(bytes, 0) : 0 }),
      );
      return undefined;
    },
  };
  const reader = new Reader(sink, 65_536);
  let wrong: string | undefined;
  for (const message of messages) wrong ??= reader.read(message);
  return { seen, wrong };
}

test("a new transport begins with a header, whatever the old one announced", () => {
  const seen: number[] = [];
  const reader = new Reader({ onFrame: (first) => void seen.push(first) }, 65_536);
  const [header] = compose([data(8_192)]);
  expect(reader.read(header!)).toBeUndefined();
  reader.reset();
  expect(reader.read(compose([data(1)])[0]!)).toBeUndefined();
  expect(seen).toEqual([FRAME.data]);
});
