import { expect, test } from "vitest";
import { Settling } from "./settling.ts";

test("the cursor stays before what is not settled, whatever was settled after it", async () => {
  const settling = new Settling();
  settling.moveTo("a");
  const first = await settling.begin();
  settling.moveTo("b");
  const second = await settling.begin();
  settling.moveTo("c");
  expect(settling.cursor).toBe("a");
  second();
  expect(settling.cursor).toBe("a");
  first();
  expect(settling.cursor).toBe("c");
});

test("nothing is stored before anybody could find it", async () => {
  const settling = new Settling();
  let isBegun = false;
  const begun = settling.begin().then(() => (isBegun = true));
  await Promise.resolve();
  expect([isBegun, settling.cursor]).toEqual([false, undefined]);
  settling.moveTo("a");
  await begun;
  expect(isBegun).toBe(true);
});
