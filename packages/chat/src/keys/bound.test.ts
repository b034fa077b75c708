import * as fc from "fast-check";
import { expect, test } from "vitest";
import { boundBytes } from "./bound.ts";

const list = fc.array(
  fc.string({ unit: fc.constantFrom("\0", "\u0001", "a", "é"), maxLength: 6 }),
  {
    maxLength: 4,
  },
);

test("no two lists of texts are bound alike", () => {
  fc.assert(
    fc.property(list, list, (one, other) => {
      const alike = boundBytes(...one).equals(boundBytes(...other));
      expect(alike).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});

test.each([
  { one: ["ab", "c"], other: ["a", "bc"] },
  { one: ["a", "b"], other: ["a\0\0\0\0b"] },
  { one: ["a", "b"], other: ["a\0\0\0\u0001b"] },
  { one: ["a"], other: ["a", ""] },
])("$one is not $other", ({ one, other }) => {
  expect(boundBytes(...one)).not.toEqual(boundBytes(...other));
});
