import { expect, test } from "vitest";
import { fieldOf, isFieldLine, withoutField } from "./fields.ts";

const FIELDS = ["Host", "a", "X", "1", "x", "2"];

test("a field is found by its lower-case name, the first of several", () => {
  expect(fieldOf(FIELDS, "x")).toBe("1");
  expect(fieldOf(FIELDS, "host")).toBe("a");
  expect(fieldOf(FIELDS, "y")).toBeUndefined();
});

test("a field is left out wherever it is repeated", () => {
  expect(withoutField(FIELDS, "x")).toEqual(["Host", "a"]);
});

test.each([
  { name: "X", value: "", want: true },
  { name: "X", value: "a\t\xff", want: true },
  { name: "", value: "a", want: false },
  { name: "X y", value: "a", want: false },
  { name: "X", value: "a\r\nB: c", want: false },
  { name: "X", value: "a\0", want: false },
  { name: "X", value: "\u0100", want: false },
])("$name with $value may be written in a head: $want", ({ name, value, want }) => {
  expect(isFieldLine(name, value)).toBe(want);
});
