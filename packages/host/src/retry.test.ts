import { expect, test } from "vitest";
import { backoff } from "./retry.ts";

const bounds = (random: () => number) =>
  backoff({ firstMs: 250, capMs: 5000, heldMs: 10_000, random });

test("the bound doubles up to the cap", () => {
  const series = bounds(() => 1);
  expect(Array.from({ length: 7 }, () => series.next())).toEqual([
    250, 500, 1000, 2000, 4000, 5000, 5000,
  ]);
  expect(series.attempts).toBe(7);
});

test("a delay is a share of the whole bound, from zero on", () => {
  const chances = [0, 0.5, 0.25];
  const series = bounds(() => chances.shift() ?? 0);
  expect([series.next(), series.next(), series.next()]).toEqual([0, 250, 250]);
});

test("one attempt can be hurried without touching the series", () => {
  const series = bounds(() => 1);
  for (let i = 0; i < 5; i++) series.next();
  expect(series.next(300)).toBe(300);
  expect(series.next()).toBe(5000);
});

test("only a connection that held starts the series afresh", () => {
  const series = bounds(() => 1);
  series.next();
  series.next();
  series.ended(9999);
  expect(series.next()).toBe(1000);
  series.ended(10_000);
  expect(series.next()).toBe(250);
});

test("a thousand failures do not overflow", () => {
  const series = bounds(() => 1);
  for (let i = 0; i < 2000; i++) series.next();
  expect(series.next()).toBe(5000);
});
