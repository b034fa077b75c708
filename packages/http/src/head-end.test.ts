import * as fc from "fast-check";
import { expect, test } from "vitest";
import { findHeadEnd, requestStart } from "./head-end.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

test("the end of a head is found wherever the search began again", () => {
  const pieces = fc.array(fc.constantFrom("\r", "\n", "\r\n", "a", "bc"), { maxLength: 40 });
  fc.assert(
    fc.property(pieces, fc.nat(40), (parts, cut) => {
      const text = parts.join("");
      const found = text.indexOf("\r\n\r\n");
      const want = found === -1 ? -1 : found + 4;
      expect(findHeadEnd(bytes(text), 0)).toBe(want);
      // Nothing was found in the first part: the search goes on from 3 bytes before its end.
      if (findHeadEnd(bytes(text.slice(0, cut)), 0) === -1) {
        expect(findHeadEnd(bytes(text), Math.max(0, Math.min(cut, text.length) - 3))).toBe(want);
      }
    }),
  );
});

test.each([
  { name: "at once", text: "GET", want: 0 },
  { name: "after one empty line", text: "\r\nGET", want: 2 },
  { name: "not after two", text: "\r\n\r\nGET", want: 2 },
  { name: "at a bare LF, which is refused later", text: "\nGET", want: 0 },
  { name: "not yet known", text: "\r", want: -1 },
  { name: "at a bare CR, which is refused later", text: "\rGET", want: 0 },
])("a request begins $name", ({ text, want }) => {
  expect(requestStart(bytes(text), 0)).toBe(want);
});
