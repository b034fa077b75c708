import fc from "fast-check";
import { expect, test } from "vitest";
import { RunningSet } from "./running-set.ts";
import type { Running } from "./upstream/host.ts";

const running = (): Running => ({
  origin: { kind: 1, routeKey: "" },
  place: -1,
  cutOff() {},
});

test("it holds what a Set would", () => {
  const steps = fc.array(fc.record({ which: fc.nat(9), remove: fc.boolean() }), { maxLength: 100 });
  fc.assert(
    fc.property(steps, (steps) => {
      const all = Array.from({ length: 10 }, running);
      const set = new RunningSet();
      const model = new Set<Running>();
      for (const { which, remove } of steps) {
        const one = all[which]!;
        if (remove) {
          set.delete(one);
          model.delete(one);
        } else if (!model.has(one)) {
          set.add(one);
          model.add(one);
        }
        expect(set.size).toBe(model.size);
      }
      expect(new Set(set)).toEqual(model);
    }),
  );
});

test("who is removed while others are visited is not visited", () => {
  const [one, two, three] = [running(), running(), running()];
  const set = new RunningSet();
  for (const each of [one, two, three]) set.add(each);
  const seen: Running[] = [];
  for (const each of set) {
    seen.push(each);
    set.delete(each);
    set.delete(two);
  }
  expect(seen).toEqual([one, three]);
});
