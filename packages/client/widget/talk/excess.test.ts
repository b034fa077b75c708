import { expect, test } from "vitest";
import { excess } from "./excess.ts";

test.each([
  { name: "a short text fits", text: "hello", over: 0 },
  { name: "as much as may be fits", text: "a".repeat(10_000), over: 0 },
  { name: "one letter more is one", text: "a".repeat(10_001), over: 1 },
  { name: "a letter of two bytes is one", text: "\u0639".repeat(5_001), over: 1 },
  { name: "an emoji of four bytes is one", text: "😀".repeat(2_503), over: 3 },
])("$name", ({ text, over }) => {
  expect(excess(text)).toBe(over);
});
