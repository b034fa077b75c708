import { expect, test } from "vitest";
import { leapingClock } from "./leaping-clock.ts";

test("time passes by itself", async () => {
  const clock = leapingClock();
  const before = clock.now();
  await new Promise<void>((resolve) => void clock.after(5, resolve));
  expect(clock.now() - before).toBeGreaterThanOrEqual(5);
});

test("a leap runs what is due in it, in order, each at its time, and nothing else", () => {
  const clock = leapingClock();
  const start = clock.now();
  const ran: [string, number][] = [];
  const note = (name: string) => () => void ran.push([name, Math.floor(clock.now() - start)]);
  const forget = clock.after(500_000, note("forgotten"));
  clock.after(3_000_000, note("later"));
  clock.after(200_000, () => {
    note("second")();
    clock.after(100_000, note("third"));
  });
  clock.after(100_000, note("first"));
  forget();
  clock.leap(1_000_000);
  expect(ran.map(([name]) => name)).toEqual(["first", "second", "third"]);
  for (const [i, [, at]] of ran.entries())
    expect(Math.abs(at - (i + 1) * 100_000)).toBeLessThan(1_000);
  expect(clock.now() - start).toBeGreaterThanOrEqual(1_000_000);
});

test("what was due in a leap does not run again when its real time comes", async () => {
  const clock = leapingClock();
  let ran = 0;
  clock.after(20, () => ran++);
  clock.leap(20);
  await new Promise<void>((resolve) => void clock.after(30, resolve));
  expect(ran).toBe(1);
});
