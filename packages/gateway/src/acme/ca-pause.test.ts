import { expect, test } from "vitest";
import { setbackOf } from "./back-off.ts";
import { CaPause } from "./ca-pause.ts";
import { CaProblem } from "./ca-problem.ts";

const problem = (type: string, retryAfterMs?: number) =>
  new CaProblem(type, "text", { retryAfterMs });

test("a CA that refuses everybody is left alone, for longer each time, until it has dealt with one", () => {
  let now = 0;
  const pause = new CaPause({ now: () => now });
  const said: number[] = [];
  for (let refusals = 0; refusals < 9; refusals += 1) {
    pause.refused();
    const since = now;
    while (pause.isOn) now += 1_000;
    said.push((now - since) / 1_000);
  }
  expect(said).toEqual([0, 0, 30, 60, 120, 240, 300, 300, 300]);
  pause.refused();
  pause.answered();
  expect(pause.isOn).toBe(false);
  pause.refused();
  expect(pause.isOn).toBe(false);
});

test("a host's back-off counts its own failures, and waits as long as the CA asks", () => {
  const how = { now: 0, random: () => 0, challenge: "http-01" };
  const away = [1, 2, 3, 4, 5, 6, 7, 8].reduce<ReturnType<typeof setbackOf> | undefined>(
    (before) => setbackOf(problem("unreachable"), before, how),
    undefined,
  );
  expect(away?.retryAt).toBe(3_600_000);
  const first = setbackOf(problem("connection"), away, how);
  expect([first.failures, first.retryAt]).toEqual([1, 300_000]);
  expect(setbackOf(problem("connection"), first, how).retryAt).toBe(600_000);
  expect(setbackOf(problem("rateLimited", 86_400_000), first, how).retryAt).toBe(86_400_000);
});
