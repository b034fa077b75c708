import { expect, test } from "vitest";
import { Waiting } from "./waiting.ts";

test("what is there already is given at once, without a look", async () => {
  expect(await new Waiting().until(() => "there")).toBe("there");
});

test.each([
  { name: "undefined", nothing: undefined },
  { name: "false", nothing: false as const },
])("$name is waited over, until a look finds more", async ({ nothing }) => {
  const waiting = new Waiting();
  let state: string | undefined | false = nothing;
  const found = waiting.until(() => state);
  waiting.look();
  state = "come";
  waiting.look();
  state = "gone";
  expect(await found).toBe("come");
});

test.each([
  { name: "null", value: null },
  { name: "zero", value: 0 },
  { name: "an empty text", value: "" },
])("$name is something", async ({ value }) => {
  expect(await new Waiting().until(() => value)).toBe(value);
});

test("one who has what it waited for is not asked again; others are", async () => {
  const waiting = new Waiting();
  let state = 0;
  const asked: string[] = [];
  const from = (name: string, least: number) =>
    waiting.until(() => {
      asked.push(name);
      return state >= least && name;
    });
  const both = Promise.all([from("first", 1), from("second", 2)]);
  for (state = 1; state <= 3; state++) waiting.look();
  expect(await both).toEqual(["first", "second"]);
  expect(asked).toEqual(["first", "second", "first", "second", "second"]);
});

test("a `seen` that throws when it is first asked rejects", async () => {
  const found = new Waiting().until(() => {
    throw new Error("broken");
  });
  await expect(found).rejects.toThrow("broken");
});
