import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  isKnownFrame,
  KIND,
  openingBytes,
  readOpening,
  readU24,
  readU32,
  readU48,
  writeFrameHeader,
  writeOpening,
  writeU32,
  writeU48,
  type Kind,
  type Opening,
} from "../src/index.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const u24 = fc.nat(0xff_ffff);
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

describe("frame headers", () => {
  test.each([
    { name: "data", first: [FRAME.data, 0], length: 5, stream: 1, want: "0300000500000001" },
    {
      name: "an end",
      first: [FRAME.data, FLAG.end],
      length: 0,
      stream: 2,
      want: "1300000000000002",
    },
    {
      name: "a part",
      first: [FRAME.open, FLAG.more],
      length: 65_536,
      stream: 3,
      want: "2101000000000003",
    },
    {
      name: "a detached end",
      first: [FRAME.data, 0x50],
      length: 8_192,
      stream: 9,
      want: "5300200000000009",
    },
    {
      name: "the largest",
      first: [FRAME.ack, 0],
      length: 0xff_ffff,
      stream: 0xffff_ffff,
      want: "09ffffffffffffff",
    },
  ])("$name is $want, both ways", ({ first, length, stream, want }) => {
    const header = new Uint8Array(FRAME_HEADER_BYTES);
    writeFrameHeader(header, 0, { type: first[0]!, flags: first[1]!, length, stream });
    expect(hex(header)).toBe(want);
    expect([header[0], readU24(header, 1), readU32(header, 4)]).toEqual([
      first[0]! | first[1]!,
      length,
      stream,
    ]);
  });

  test("any header reads back as it was written, wherever it stands", () => {
    const type = fc.constantFrom(...Object.values(FRAME));
    fc.assert(
      fc.property(type, u24, u32, fc.nat(9), (one, length, stream, at) => {
        const into = new Uint8Array(at + FRAME_HEADER_BYTES).fill(0xee);
        writeFrameHeader(into, at, { type: one, flags: 0, length, stream });
        expect([into[at], readU24(into, at + 1), readU32(into, at + 4)]).toEqual([
          one,
          length,
          stream,
        ]);
        expect(into.subarray(0, at).every((byte) => byte === 0xee)).toBe(true);
      }),
    );
  });

  test("the first bytes that are known are these and no others", () => {
    const known = Array.from({ length: 256 }, (_, first) => first).filter(isKnownFrame);
    expect(known.map((first) => first.toString(16).padStart(2, "0")).join(" ")).toBe(
      "01 02 03 05 06 07 08 09 11 12 13 14 21 22 24 41 42 43 51 52 53 54 61 62 64",
    );
  });
});

describe("numbers", () => {
  test.each([
    { value: 0, want: "000000000000" },
    { value: 1, want: "000000000001" },
    { value: 0xffff_ffff, want: "0000ffffffff" },
    { value: 0x1_0000_0000, want: "000100000000" },
    { value: 2 ** 48 - 1, want: "ffffffffffff" },
  ])("$value as u48 is $want", ({ value, want }) => {
    const bytes = new Uint8Array(6);
    writeU48(bytes, 0, value);
    expect(hex(bytes)).toBe(want);
    expect(readU48(bytes, 0)).toBe(value);
  });

  test("u32 and u48 read back as they were written", () => {
    fc.assert(
      fc.property(
        u32,
        fc.maxSafeNat().map((n) => n % 2 ** 48),
        (small, large) => {
          const bytes = new Uint8Array(10);
          writeU32(bytes, 0, small);
          writeU48(bytes, 4, large);
          expect([readU32(bytes, 0), readU48(bytes, 4)]).toEqual([small, large]);
        },
      ),
    );
  });
});

function written(opening: Opening, head: Uint8Array): Uint8Array {
  const block = new Uint8Array(openingBytes(opening, head.length));
  block.set(head, writeOpening(block, opening));
  return block;
}

describe("openings", () => {
  test.each([
    {
      name: "http",
      kind: KIND.http,
      backend: 0,
      route: "r",
      head: "GET / HTTP/1.1\r\n\r\n",
      want: "0100000172474554202f20485454502f312e310d0a0d0a",
    },
    { name: "upgrade", kind: KIND.upgrade, backend: 255, route: "", head: "", want: "02ff0000" },
    { name: "tcp", kind: KIND.tcp, backend: 1, route: "\xff", head: "P", want: "03010001ff50" },
  ])("$name, both ways", ({ kind, backend, route, head, want }) => {
    const block = written({ kind, backend, route: latin1(route) }, latin1(head));
    expect(hex(block)).toBe(want);
    const read = readOpening(block)!;
    expect(read).toMatchObject({ kind, backend, route: latin1(route) });
    expect(block.subarray(read.headAt)).toEqual(latin1(head));
  });

  test.each([
    { name: "nothing", bytes: "" },
    { name: "half a header", bytes: "010000" },
    { name: "no such kind", bytes: "00000000" },
    { name: "a kind of a later version", bytes: "04000000" },
    { name: "a route that is cut short", bytes: "0100000261" },
  ])("$name is no opening", ({ bytes }) => {
    expect(readOpening(Buffer.from(bytes, "hex"))).toBeUndefined();
  });

  test("any opening reads back as it was written, and any bytes are read or refused", () => {
    const kind = fc.constantFrom<Kind>(...Object.values(KIND));
    const route = fc.uint8Array({ maxLength: 300 });
    const head = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(kind, fc.nat(255), route, head, (one, backend, key, rest) => {
        const block = written({ kind: one, backend, route: key }, rest);
        const read = readOpening(block)!;
        expect(read).toMatchObject({ kind: one, backend });
        expect([hex(read.route), hex(block.subarray(read.headAt))]).toEqual([hex(key), hex(rest)]);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const read = readOpening(bytes);
        if (read !== undefined)
          expect(hex(written(read, bytes.subarray(read.headAt)))).toBe(hex(bytes));
      }),
    );
  });
});
