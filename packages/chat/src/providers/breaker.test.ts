import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { Breaker, type BreakerState } from "./breaker.ts";

function kit() {
  const clock = virtualClock();
  const states: BreakerState[] = [];
  const changed = (state: BreakerState) => void states.push(state);
  const breaker = new Breaker({ clock, failures: 2, openMs: 100, changed });
  return { clock, states, breaker };
}

test("failures in a row open it, and one probe at a time is let through after its rest", () => {
  const { clock, states, breaker } = kit();
  breaker.enter()?.failed();
  breaker.enter()?.failed();
  expect(breaker.enter()).toBeUndefined();
  clock.advance(100);
  const probe = breaker.enter();
  expect([breaker.isPassable, breaker.enter()]).toEqual([false, undefined]);
  probe?.succeeded();
  expect(breaker.isPassable).toBe(true);
  expect(states).toEqual(["open", "half_open", "closed"]);
});

test("who was let through before it opened neither closes it nor prolongs its rest", () => {
  const { clock, states, breaker } = kit();
  const [old, older] = [breaker.enter(), breaker.enter()];
  breaker.enter()?.failed();
  breaker.enter()?.failed();
  clock.advance(60);
  old?.succeeded();
  older?.failed();
  expect(states).toEqual(["open"]);
  clock.advance(40);
  expect(breaker.isPassable).toBe(true);
});

test("a probe that answers lets others in, but its own failure opens again at once", () => {
  const { clock, states, breaker } = kit();
  breaker.enter()?.failed();
  breaker.enter()?.failed();
  clock.advance(100);
  const probe = breaker.enter();
  probe?.alive();
  expect(breaker.isPassable).toBe(true);
  probe?.failed();
  expect(states).toEqual(["open", "half_open", "closed", "open"]);
});

test("a passage says once how it went", () => {
  const { states, breaker } = kit();
  const passage = breaker.enter();
  passage?.failed();
  passage?.failed();
  passage?.left();
  expect(states).toEqual([]);
});
