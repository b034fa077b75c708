import { expect, test } from "vitest";
import { outline } from "./outline.ts";
import { age, table } from "./table.ts";
import { terminal } from "./terminal.ts";

test.each([
  { name: "on a terminal", isTTY: true, noColor: false, want: "\u001b[31mno\u001b[39m" },
  { name: "not into a file", isTTY: false, noColor: false, want: "no" },
  { name: "not where NO_COLOR is set", isTTY: true, noColor: true, want: "no" },
])("colours $name", ({ isTTY, noColor, want }) => {
  const channel = { write: () => true, isTTY };
  const { paintOut, paintNote } = terminal(channel, channel, noColor);
  expect([paintOut("red", "no"), paintNote("red", "no")]).toEqual([want, want]);
});

test("columns are as wide as their widest cell, and no cell moves the cursor", () => {
  expect(table(["A", "B"], [["long\u001b[2J", "x"], ["y"]])).toBe("A     B\nlong  x\ny");
});

test.each([
  { ms: 0, want: "0 s" },
  { ms: 119_000, want: "119 s" },
  { ms: 600_000, want: "10 min" },
  { ms: 7_200_000 * 3, want: "6 h" },
  { ms: 86_400_000 * 9, want: "9 d" },
  { ms: -5, want: "0 s" },
])("$ms ms ago is $want", ({ ms, want }) => {
  expect(age(0, ms)).toBe(want);
});

test("JSON is shown as an outline", () => {
  const value = {
    url: "u",
    none: undefined,
    list: [],
    words: ["a", "b"],
    parts: [{ x: 1, long: 2 }],
  };
  expect(outline(value)).toBe(
    ["url    u", "list   none", "words  a, b", "parts", "  - x     1", "    long  2"].join("\n"),
  );
});
