import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Endpoint, readProxyHeader } from "./proxy-protocol.ts";
import { proxyV1, proxyV2 } from "./proxy-writing.ts";
import { Refusal } from "./refusal.ts";

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

describe("a header that was written is read", () => {
  const pairs: { name: string; source: Endpoint; destination: Endpoint }[] = [
    {
      name: "IPv4",
      source: { address: "1.2.3.4", port: 5 },
      destination: { address: "9.8.7.6", port: 443 },
    },
    {
      name: "IPv6",
      source: { address: "2001:db8::1", port: 65_535 },
      destination: { address: "::1", port: 1 },
    },
    {
      name: "both",
      source: { address: "1.2.3.4", port: 5 },
      destination: { address: "::1", port: 1 },
    },
  ];
  const writers = { v1: (a: Endpoint, b: Endpoint) => bytesOf(proxyV1(a, b)), v2: proxyV2 };
  describe.each(Object.entries(writers))("%s", (_version, write) => {
    test.each(pairs)("$name", ({ source, destination }) => {
      const bytes = write(source, destination);
      const followed = new Uint8Array([...bytes, 1, 2, 3]);
      expect(readProxyHeader(followed)).toEqual({ bytes: bytes.length, source, destination });
      for (let cut = 0; cut < bytes.length; cut++) {
        expect(readProxyHeader(bytes.subarray(0, cut))).toBe("more");
      }
    });

    test("an end without an address", () => {
      const nowhere = { address: "/a/socket", port: 0 };
      expect(readProxyHeader(write(nowhere, nowhere))).toMatchObject({ source: undefined });
    });
  });
});

test.each([
  { name: "v1 UNKNOWN with anything behind it", text: "PROXY UNKNOWN ff::1 x\r\n", bytes: 23 },
  {
    name: "v2 LOCAL with addresses",
    text: `${SIGNATURE}\x20\x11\0\x0c${"x".repeat(12)}`,
    bytes: 28,
  },
  { name: "v2 over a UNIX socket", text: `${SIGNATURE}\x21\x31\0\x02ab`, bytes: 18 },
])("$name leaves the connection to speak for itself", ({ text, bytes }) => {
  const read = readProxyHeader(bytesOf(text));
  expect(read).toEqual({ bytes, source: undefined, destination: undefined });
});

test("TLVs of version 2 are skipped", () => {
  const text = `${SIGNATURE}\x21\x11\0\x10\x01\x02\x03\x04\x05\x06\x07\x08\0\x09\0\x0aTLVs`;
  expect(readProxyHeader(bytesOf(text))).toEqual({
    bytes: 32,
    source: { address: "1.2.3.4", port: 9 },
    destination: { address: "5.6.7.8", port: 10 },
  });
});

test.each([
  { name: "a request", text: "GET / HTTP/1.1\r\n" },
  { name: "POST, which begins alike", text: "POST / HTTP/1.1\r\n" },
  { name: "v1 of another family", text: "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n" },
  { name: "v1 with IPv6 in TCP4", text: "PROXY TCP4 ::1 ::1 1 2\r\n" },
  { name: "v1 with a bad address", text: "PROXY TCP4 1.2.3.400 1.2.3.4 1 2\r\n" },
  { name: "v1 with a bad port", text: "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n" },
  { name: "v1 with a padded port", text: "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n" },
  { name: "v1 with two spaces", text: "PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n" },
  { name: "v1 with a word too many", text: "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n" },
  { name: "v1 with bare LF", text: "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n\r\n" },
  { name: "v1 with CR inside", text: "PROXY UNKNOWN\rx" },
  { name: "v1 without an end", text: `PROXY UNKNOWN ${"x".repeat(100)}` },
  { name: "v2 of version 3", text: `${SIGNATURE}\x31` },
  { name: "v2 with an unknown command", text: `${SIGNATURE}\x22` },
  { name: "v2 too short for its addresses", text: `${SIGNATURE}\x21\x11\0\x0b${"x".repeat(11)}` },
  { name: "v2 too long", text: `${SIGNATURE}\x21\x11\xff\xff` },
])("refuses $name", ({ text }) => {
  expect(readProxyHeader(bytesOf(text))).toBeInstanceOf(Refusal);
});

test("no bytes make the reader fail, or change its mind", () => {
  const valid = proxyV2({ address: "1.2.3.4", port: 1 }, { address: "::1", port: 2 });
  const line = bytesOf(proxyV1({ address: "1.2.3.4", port: 1 }, { address: "1.2.3.4", port: 2 }));
  const mutated = fc
    .tuple(fc.constantFrom(valid, line), fc.nat(60), fc.nat(255))
    .map(([bytes, at, value]) => bytes.map((byte, i) => (i === at ? value : byte)));
  const input = fc.oneof(mutated, fc.uint8Array({ maxLength: 60 }));
  fc.assert(
    fc.property(input, fc.nat(60), (bytes, cut) => {
      const early = readProxyHeader(bytes.subarray(0, cut));
      const whole = readProxyHeader(bytes);
      if (early !== "more") expect(whole).toEqual(early);
      if (typeof whole === "object" && !(whole instanceof Refusal)) {
        expect(whole.bytes).toBeLessThanOrEqual(bytes.length);
      }
    }),
    { numRuns: 3000 },
  );
});
