import { expect, test } from "vitest";
import { costMicros } from "./costs.ts";
import { userPseudonym } from "./pseudonym.ts";

test("what an answer cost is a whole number of millionths", () => {
  const usage = { inputTokens: 1000, outputTokens: 333, totalTokens: 1333 };
  expect(costMicros(usage, { input: 2.5, output: 10 })).toBe(5830);
  expect(
    costMicros({ inputTokens: 3, outputTokens: 0, totalTokens: 3 }, { input: 0.15, output: 0 }),
  ).toBe(0);
});

test("a user is one pseudonym per key, without the id in it", () => {
  expect(userPseudonym("k", "alice")).toBe(userPseudonym("k", "alice"));
  expect(userPseudonym("k", "alice")).not.toBe(userPseudonym("k2", "alice"));
  expect(userPseudonym("k", "alice")).toMatch(/^user-[0-9a-f]{32}$/);
});
