import fc from "fast-check";
import { expect, test } from "vitest";
import { withoutRoom, type Sized } from "./quotas.ts";

const sized = fc.record({
  key: fc.integer({ min: 0, max: 30 }).map(String),
  bytes: fc.integer({ min: 1, max: 9 }),
  namespace: fc.constantFrom("a", "b", "c"),
  isShut: fc.constantFrom(false, false, true),
});
const wanted = fc.uniqueArray(sized, { selector: ({ key }) => key, maxLength: 24 });
const quotas = fc.record({
  clusterRoutes: fc.integer({ min: 0, max: 12 }),
  clusterBytes: fc.integer({ min: 0, max: 50 }),
});

function snapshot(
  routes: readonly Sized[],
  there: ReadonlyMap<string, number>,
  most: { clusterRoutes: number; clusterBytes: number },
) {
  const bytes = [...there.values()].reduce((sum, size) => sum + size, 0);
  const had = (key: string) => there.get(key);
  const refused = withoutRoom(routes, { had, routes: there.size, bytes, isWhole: true }, most);
  const taken = routes.filter((one) => !refused.has(one));
  return new Map(taken.map(({ key, bytes: size }) => [key, size]));
}

test("the same snapshot again is judged the same, whatever was there before", () => {
  fc.assert(
    fc.property(wanted, wanted, quotas, (routes, before, { clusterRoutes }) => {
      const most = { clusterRoutes, clusterBytes: Infinity };
      const there = new Map(before.map(({ key, bytes }) => [key, bytes]));
      const first = snapshot(routes, there, most);
      expect(snapshot(routes, first, most)).toEqual(first);
    }),
    { numRuns: 2_000 },
  );
});

test("where routes are too large together it settles, and nothing goes to and fro", () => {
  fc.assert(
    fc.property(wanted, wanted, quotas, (routes, before, most) => {
      let there = new Map(before.map(({ key, bytes }) => [key, bytes]));
      for (let again = 0; again < 5; again++) there = snapshot(routes, there, most);
      expect(snapshot(routes, there, most)).toEqual(there);
    }),
    { numRuns: 2_000 },
  );
});

test("what is there always has room, also when a quota was lowered", () => {
  fc.assert(
    fc.property(wanted, quotas, (routes, most) => {
      const there = new Map(routes.map(({ key, bytes }) => [key, bytes]));
      expect(snapshot(routes, there, most)).toEqual(there);
    }),
  );
});
