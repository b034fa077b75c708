import fc from "fast-check";
import { expect, test } from "vitest";
import { eventStream, type StreamEvent } from "./event-stream.ts";

async function* cut(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const at of cuts.toSorted((a, b) => a - b).concat(bytes.length)) {
    yield bytes.subarray(from, at);
    from = at;
  }
}

async function read(bytes: Uint8Array, cuts: readonly number[]): Promise<StreamEvent[]> {
  return Array.fromAsync(eventStream(cut(bytes, cuts)));
}

const STREAM = Buffer.from(
  '\uFEFF: hi\r\ndata: {"t":"€😀"}\r\n\r\nevent:x\rdata:b\rdata: c\r\rdata: e\n\ndata: rest',
);
const EVENTS = [
  { data: '{"t":"€😀"}', unfinished: false },
  { data: "b\nc", unfinished: false },
  { data: "e", unfinished: false },
  { data: "rest", unfinished: true },
];

test("a stream is the same cut at any one byte", async () => {
  for (let at = 0; at <= STREAM.length; at++) {
    // oxlint-disable-next-line no-await-in-loop -- one after another reads better when one fails
    expect(await read(STREAM, [at]), `cut at ${at}`).toEqual(EVENTS);
  }
});

test("a stream is the same cut anywhere", async () => {
  const cuts = fc.array(fc.nat(STREAM.length));
  await fc.assert(
    fc.asyncProperty(cuts, async (at) => {
      expect(await read(STREAM, at)).toEqual(EVENTS);
    }),
  );
});

test("bytes that are nothing never end in anything but events or a fault", async () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(fc.nat(200), { maxLength: 5 }), async (some, cuts) => {
      const within = cuts.map((at) => Math.min(at, some.length));
      for (const { data } of await read(some, within)) expect(typeof data).toBe("string");
    }),
  );
});
