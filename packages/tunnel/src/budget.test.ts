import { expect, test } from "vitest";
import { Budget } from "./budget.ts";

/** Takes what is offered, again and again. */
function greedy(budget: Budget, times = 50): number {
  for (let n = 0; n < times; n++) budget.take(budget.offer());
  return budget.takenBytes;
}
const under = (parent: Budget) => new Budget(parent.totalBytes, parent);

test("of a budget above, one that is alone gets half, however often it asks", () => {
  const gateway = new Budget(1_200, undefined);
  expect(greedy(under(gateway))).toBe(600);
});

test("one that comes later finds something, and comes to its part as the others give back", () => {
  const gateway = new Budget(1_200, undefined);
  const [first, second] = [under(gateway), under(gateway)];
  expect(greedy(first)).toBe(600);
  expect(greedy(second)).toBe(300);
  first.take(-300);
  expect(greedy(second)).toBe(450);
});

test.each([1, 2, 3, 7, 20])(
  "%d that are greedy by turns get as much each, and leave as much free",
  (count) => {
    const gateway = new Budget(1_000_000, undefined);
    const clusters = Array.from({ length: count }, () => under(gateway));
    for (let n = 0; n < 200; n++) {
      for (const one of clusters) {
        if (n % 10 === 9) one.take(-one.takenBytes / 2);
        one.take(one.offer());
      }
    }
    const part = 1_000_000 / (count + 1);
    for (const one of clusters) expect(one.takenBytes / part).toBeGreaterThan(0.75);
    expect(gateway.totalBytes - gateway.takenBytes).toBeGreaterThan(0.5 * part);
  },
);

test("one cluster with a thousand tunnels has no more of its gateway's than one with ten", () => {
  const MIB = 1_048_576;
  const taken = [10, 1_000].map((tunnels) => {
    const gateway = new Budget(256 * MIB, undefined);
    const cluster = under(gateway);
    for (let n = 0; n < tunnels; n++) greedy(new Budget(16 * MIB, cluster));
    expect(gateway.takenBytes).toBe(cluster.takenBytes);
    return cluster.takenBytes;
  });
  expect(taken[0]).toBeGreaterThan(64 * MIB);
  expect(taken[1]).toBeLessThanOrEqual(128 * MIB);
});

test("what floors took on top is counted, and nothing is offered then", () => {
  const budget = new Budget(100, undefined);
  budget.take(150);
  expect([budget.takenBytes, budget.offer()]).toEqual([150, 0]);
  budget.take(-150);
  expect([budget.takenBytes, budget.offer()]).toEqual([0, 50]);
});
