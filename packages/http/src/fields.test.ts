import { expect, test } from "vitest";
import { fieldOf, FirstValues, isFieldLine, withoutField } from "./fields.ts";

const FIELDS = ["Host", "a", "X", "1", "x", "2"];

test("a field is found by its lower-case name, the first of several", () => {
  expect(fieldOf(FIELDS, "x")).toBe("1");
  expect(fieldOf(FIELDS, "host")).toBe("a");
  expect(fieldOf(FIELDS, "y")).toBeUndefined();
});

test("fields are found by name however many are asked for, and each list is read through a few times", () => {
  let read = 0;
  const list = Array.from({ length: 200 }, (_, n) => [`X-${n % 100}`, String(n)]).flat();
  const counted = new Proxy(list, {
    get: (target, name, receiver) => {
      if (name === "0") read++;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
  const values = new FirstValues(counted);
  for (let n = 0; n < 1_000; n++)
    expect(values.get(`x-${n}`)).toBe(n < 100 ? String(n) : undefined);
  expect(read).toBeLessThan(20);
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
