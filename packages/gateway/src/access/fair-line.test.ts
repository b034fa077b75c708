import { describe, expect, test } from "vitest";
import { FairLine } from "./fair-line.ts";

function lineOf(...items: string[]): FairLine<string> {
  const line = new FairLine<string>();
  for (const item of items) line.push(item.replace(/\d+$/, "").split(""), item);
  return line;
}
const rest = (line: FairLine<string>) => Array.from({ length: line.size }, () => line.shift());

describe("a fair line", () => {
  test.each([
    { name: "one party is served in order", items: ["a1", "a2", "a3"], want: "a1 a2 a3" },
    { name: "parties take turns", items: ["a1", "a2", "a3", "b1", "c1"], want: "a1 b1 c1 a2 a3" },
    {
      name: "within a party's turn its own parties take turns",
      items: ["ax1", "ax2", "ay1", "bx1", "bx2"],
      want: "ax1 bx1 ay1 bx2 ax2",
    },
  ])("$name", ({ items, want }) => {
    expect(rest(lineOf(...items)).join(" ")).toBe(want);
  });

  test("who was served last is last again after it went and came back", () => {
    const line = lineOf("a1", "b1", "b2");
    expect(line.shift()).toBe("a1");
    line.push(["a"], "a2");
    expect(rest(line)).toEqual(["b1", "a2", "b2"]);
  });

  test.each([
    { name: "the newest of who has most", items: ["a1", "a2", "a3", "b1"], want: "a3" },
    { name: "and of its part that has most", items: ["ax1", "ax2", "ay1", "bx1"], want: "ax2" },
    { name: "of equals the newest", items: ["a1", "b1"], want: "b1" },
  ])("loses $name", ({ items, want }) => {
    const line = lineOf(...items);
    expect(line.dropLongest()).toBe(want);
    expect(new Set(rest(line))).toEqual(new Set(items.filter((item) => item !== want)));
    expect([line.size, line.shift(), line.dropLongest()]).toEqual([0, undefined, undefined]);
  });
});
