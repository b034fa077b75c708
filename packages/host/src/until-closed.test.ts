import { expect, test } from "vitest";
import { untilClosed } from "./until-closed.ts";

test("work in the background begins at once, is told to end, and is waited for", async () => {
  const told: string[] = [];
  const work = untilClosed(async (signal) => {
    told.push("begins");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    told.push("tidies up");
  });
  expect(told).toEqual(["begins"]);
  await work[Symbol.asyncDispose]();
  expect(told).toEqual(["begins", "tidies up"]);
  await work[Symbol.asyncDispose]();
});
