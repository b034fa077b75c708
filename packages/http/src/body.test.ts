import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BodyReader } from "./body.ts";
import type { Framing } from "./framing.ts";
import { chunkHeader, lastChunk, nextChunkHeader } from "./head-writing.ts";
import { Refusal } from "./refusal.ts";

interface Outcome {
  body: string;
  /** What follows the message. */
  rest: string;
  done: boolean;
  trailers: readonly string[];
  refused: boolean;
}

/** Feeds `text` in pieces cut at `cuts`. */
function readAll(framing: Framing, contentLength: number, text: string, cuts: number[]): Outcome {
  const reader = new BodyReader({ framing, contentLength });
  const bytes = Buffer.from(text, "latin1");
  const outcome: Outcome = { body: "", rest: "", done: false, trailers: [], refused: false };
  const sink = {
    onBody(piece: Uint8Array) {
      outcome.body += Buffer.from(piece).toString("latin1");
    },
  };
  const ends = [...new Set(cuts.map((cut) => Math.min(cut, bytes.length)))].sort((a, b) => a - b);
  let start = 0;
  for (const end of [...ends, bytes.length]) {
    const piece = bytes.subarray(start, end);
    start = end;
    const stopped = reader.read(piece, 0, sink);
    if (stopped instanceof Refusal) {
      outcome.refused = true;
      return outcome;
    }
    outcome.rest += piece.subarray(stopped).toString("latin1");
  }
  return { ...outcome, done: reader.done, trailers: reader.trailers };
}

describe("a body ends where its framing says:", () => {
  test.each<{
    name: string;
    framing: Framing;
    length?: number;
    text: string;
    want: Partial<Outcome>;
  }>([
    { name: "none", framing: "none", text: "next", want: { body: "", rest: "next", done: true } },
    {
      name: "length",
      framing: "length",
      length: 3,
      text: "abcnext",
      want: { body: "abc", rest: "next", done: true },
    },
    {
      name: "length not reached",
      framing: "length",
      length: 9,
      text: "abc",
      want: { body: "abc", done: false },
    },
    {
      name: "until close",
      framing: "until-close",
      text: "abc",
      want: { body: "abc", rest: "", done: false },
    },
    {
      name: "chunks",
      framing: "chunked",
      text: "3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\nnext",
      want: { body: "abc0123456789", rest: "next", done: true },
    },
    {
      name: "trailers",
      framing: "chunked",
      text: "0\r\nA: 1\r\na:2 \r\n\r\nnext",
      want: { trailers: ["A", "1", "a", "2"], rest: "next", done: true },
    },
    {
      name: "extensions",
      framing: "chunked",
      text: '1;a;b=c;d="x\\"y; \\\\"\r\nz\r\n000;e\r\n\r\n',
      want: { body: "z", done: true },
    },
  ])("$name", ({ framing, length, text, want }) => {
    expect(readAll(framing, length ?? -1, text, [])).toMatchObject(want);
  });
});

const MALFORMED = [
  { name: "no size", text: "\r\n" },
  { name: "a size that is no number", text: "g\r\n" },
  { name: "0x", text: "0x1\r\na\r\n0\r\n\r\n" },
  { name: "a sign", text: "+1\r\na\r\n0\r\n\r\n" },
  { name: "a leading space", text: " 1\r\na\r\n0\r\n\r\n" },
  { name: "a space behind the size", text: "1 \r\na\r\n0\r\n\r\n" },
  { name: "a tab behind the size", text: "1\t;a\r\na\r\n0\r\n\r\n" },
  { name: "a size of 2^64", text: "10000000000000000\r\n" },
  { name: "a size with bare LF", text: "1\na\r\n0\r\n\r\n" },
  { name: "a size with bare CR", text: "1\ra\r\n0\r\n\r\n" },
  { name: "data with bare LF", text: "1\r\na\n0\r\n\r\n" },
  { name: "data longer than said", text: "1\r\nab\r\n0\r\n\r\n" },
  { name: "data shorter than said", text: "3\r\nab\r\n0\r\n\r\n" },
  { name: "an extension with bare LF", text: "1;a\na\r\n0\r\n\r\n" },
  { name: "an extension with CR", text: "1;a\rb\r\na\r\n0\r\n\r\n" },
  { name: "an extension without a name", text: "1;\r\na\r\n0\r\n\r\n" },
  { name: "an extension without a value", text: "1;a=\r\na\r\n0\r\n\r\n" },
  { name: "a quoted extension with LF", text: '1;a="\n"\r\na\r\n0\r\n\r\n' },
  { name: "endless extensions", text: `1;${"a".repeat(5000)}\r\na\r\n0\r\n\r\n` },
  { name: "many short extensions", text: `${"1;abc\r\na\r\n".repeat(2000)}0\r\n\r\n` },
  { name: "a trailer with bare LF", text: "0\r\nA: 1\n\r\n\r\n" },
  { name: "a folded trailer", text: "0\r\nA: 1\r\n b\r\n\r\n" },
  { name: "content-length as trailer", text: "0\r\nContent-Length: 1\r\n\r\n" },
  { name: "transfer-encoding as trailer", text: "0\r\nTransfer-Encoding: chunked\r\n\r\n" },
  { name: "host as trailer", text: "0\r\nHost: a\r\n\r\n" },
  { name: "trailer as trailer", text: "0\r\nTrailer: a\r\n\r\n" },
  { name: "x-forwarded-for as trailer", text: "0\r\nX-Forwarded-For: a\r\n\r\n" },
  { name: "endless trailers", text: `0\r\n${"A: 0123456789\r\n".repeat(1200)}\r\n` },
];
test.each(MALFORMED)("chunked coding with $name is refused", ({ text }) => {
  expect(readAll("chunked", -1, text, []).refused).toBe(true);
});

test("a connection that ends early is told from one that ends the message", () => {
  expect(new BodyReader({ framing: "length", contentLength: 1 }).finish()).toBeInstanceOf(Refusal);
  expect(new BodyReader({ framing: "chunked", contentLength: -1 }).finish()).toBeInstanceOf(
    Refusal,
  );
  expect(new BodyReader({ framing: "until-close", contentLength: -1 }).finish()).toBeUndefined();
});

test("any cutting of the input reads the same", () => {
  const valid = fc
    .tuple(
      fc.array(fc.string({ minLength: 1, maxLength: 40, unit: "binary-ascii" }), { maxLength: 6 }),
      fc.boolean(),
    )
    .map(([chunks, trailers]) => {
      let text = "";
      for (const [i, chunk] of chunks.entries()) {
        text += (i === 0 ? chunkHeader(chunk.length) : nextChunkHeader(chunk.length)) + chunk;
      }
      const end = lastChunk(trailers ? ["a", "b"] : []);
      return `${text}${chunks.length > 0 ? "\r\n" : ""}${end}next`;
    });
  const hostile = fc
    .array(fc.constantFrom("0", "1", "a", "\r\n", "\r", "\n", ";", "=", '"', "\\", " ", "A: b"), {
      maxLength: 30,
    })
    .map((parts) => parts.join(""));
  const text = fc.oneof(
    valid,
    hostile,
    fc.constantFrom(...MALFORMED.map((one) => one.text.slice(0, 300))),
  );
  fc.assert(
    fc.property(text, fc.array(fc.nat(300), { maxLength: 20 }), (text, cuts) => {
      const whole = readAll("chunked", -1, text, []);
      const cut = readAll("chunked", -1, text, cuts);
      expect(cut.refused).toBe(whole.refused);
      expect(cut).toEqual(whole);
    }),
    { numRuns: 1000 },
  );
});
