import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { endOfTurn, randomId, systemClock, wait } from "./clock.ts";
import { virtualClock } from "./testing/index.ts";

describe("systemClock", () => {
  test("a task runs once, no earlier than asked", async () => {
    const began = systemClock.now();
    await new Promise<void>((done) => systemClock.after(20.4, done));
    expect(systemClock.now() - began).toBeGreaterThanOrEqual(19.5);
  });

  test("a forgotten task does not run", async () => {
    let ran = false;
    systemClock.after(1, () => (ran = true))();
    await new Promise<void>((done) => systemClock.after(15, done));
    expect(ran).toBe(false);
  });

  test("a task in a year does not run at once", async () => {
    let ran = false;
    const forget = systemClock.after(365 * 86_400_000, () => (ran = true));
    await new Promise<void>((done) => systemClock.after(15, done));
    forget();
    expect(ran).toBe(false);
  });

  test("endOfTurn comes before the next turn", async () => {
    const order: string[] = [];
    endOfTurn(() => order.push("end of turn"));
    await nextTurn();
    order.push("next");
    expect(order).toEqual(["end of turn", "next"]);
  });
});

describe("virtualClock", () => {
  test("tasks run in the order of their times, with the time they asked for", () => {
    const clock = virtualClock();
    const ran: [string, number][] = [];
    clock.after(30, () => ran.push(["late", clock.now()]));
    clock.after(10, () => {
      ran.push(["early", clock.now()]);
      clock.after(5, () => ran.push(["added on the way", clock.now()]));
    });
    clock.after(10, () => ran.push(["same time, added later", clock.now()]));
    clock.advance(30);
    expect(ran).toEqual([
      ["early", 10],
      ["same time, added later", 10],
      ["added on the way", 15],
      ["late", 30],
    ]);
    expect(clock.pending).toBe(0);
  });

  test("time stops where it was moved to and a forgotten task never runs", () => {
    const clock = virtualClock(1000);
    let ran = 0;
    const forget = clock.after(10, () => ran++);
    clock.after(11, () => ran++);
    forget();
    clock.advance(10);
    expect([clock.now(), ran, clock.pending]).toEqual([1010, 0, 1]);
  });
});

describe("wait", () => {
  test("resolves true when the time has passed", async () => {
    const clock = virtualClock();
    const waited = wait(clock, 10, new AbortController().signal);
    clock.advance(10);
    expect(await waited).toBe(true);
  });

  test("resolves false on abort, and keeps no timer", async () => {
    const clock = virtualClock();
    const abort = new AbortController();
    const waited = wait(clock, 10, abort.signal);
    abort.abort();
    expect(await waited).toBe(false);
    expect(clock.pending).toBe(0);
    expect(await wait(clock, 10, abort.signal)).toBe(false);
  });
});

test("randomId has the asked length and never repeats", () => {
  expect(randomId(16)).toMatch(/^[\w-]{22}$/);
  expect(randomId(16, "hex")).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(Array.from({ length: 1000 }, () => randomId(16))).size).toBe(1000);
});
