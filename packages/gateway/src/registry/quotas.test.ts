import fc from "fast-check";
import { expect, test } from "vitest";
import { sumOf, withoutRoom, type Sized } from "./quotas.ts";

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

const NO_ROUTES = new Map<string, Sized>();
const NO_BYTES = { clusterBytes: Infinity };

function snapshot(
  routes: readonly Sized[],
  there: ReadonlyMap<string, Sized>,
  most: { clusterRoutes: number; clusterBytes: number },
) {
  return said(routes, there, most, true);
}

/** What a cluster has after a message. */
function said(
  routes: readonly Sized[],
  there: ReadonlyMap<string, Sized>,
  most: { clusterRoutes: number; clusterBytes: number },
  isWhole: boolean,
) {
  const all = [...there.values()];
  const open = sumOf(all.filter(({ isShut }) => !isShut));
  const shut = sumOf(all.filter(({ isShut }) => isShut));
  const had = (key: string) => there.get(key);
  const refused = withoutRoom(routes, { had, open, shut, isWhole }, most);
  const taken = routes.filter((one) => !refused.has(one));
  return mapOf([...(isWhole ? [] : all), ...taken]);
}

const mapOf = (routes: readonly Sized[]) => new Map(routes.map((one) => [one.key, one]));
const some = (count: number, isShut: boolean, name = isShut ? "shut" : "open"): Sized[] =>
  Array.from({ length: count }, (_, at) => ({
    key: `${name}${at}`,
    bytes: 10,
    namespace: "a",
    isShut,
  }));

test("the same snapshot again is judged the same, whatever was there before", () => {
  fc.assert(
    fc.property(wanted, wanted, quotas, (routes, before, { clusterRoutes }) => {
      const most = { clusterRoutes, clusterBytes: Infinity };
      const there = mapOf(before);
      const first = snapshot(routes, there, most);
      expect(snapshot(routes, first, most)).toEqual(first);
    }),
    { numRuns: 2_000 },
  );
});

test("where routes are too large together it settles, and nothing goes to and fro", () => {
  fc.assert(
    fc.property(wanted, wanted, quotas, (routes, before, most) => {
      let there = mapOf(before);
      for (let again = 0; again < 5; again++) there = snapshot(routes, there, most);
      expect(snapshot(routes, there, most)).toEqual(there);
    }),
    { numRuns: 2_000 },
  );
});

test("what is there always has room, also when a quota was lowered", () => {
  fc.assert(
    fc.property(wanted, quotas, (routes, most) => {
      const there = mapOf(routes);
      expect(snapshot(routes, there, most)).toEqual(there);
    }),
  );
});

test.each([{ isWhole: true }, { isWhole: false }])(
  "what is shut takes none of the room of what is open, nor the other way (a snapshot: $isWhole)",
  ({ isWhole }) => {
    const most = { clusterRoutes: 10, clusterBytes: 100 };
    const there = [...some(5, false), ...some(8, true)];
    const after = (more: Sized[]) =>
      said(isWhole ? [...there, ...more] : more, mapOf(there), most, isWhole).size - there.length;
    expect(after(some(6, false, "more"))).toBe(5);
    expect(after(some(13, true, "more"))).toBe(12);
  },
);

test.each([{ isWhole: true }, { isWhole: false }])(
  "who says a route shut first has no more open ones by that (a snapshot: $isWhole)",
  ({ isWhole }) => {
    const most = { clusterRoutes: 10, ...NO_BYTES };
    const shut = said(some(20, true), NO_ROUTES, most, isWhole);
    expect(shut.size).toBe(20);
    const opened = [...shut.values()].map((one) => ({ ...one, isShut: false }));
    const after = [...said(opened, shut, most, isWhole).values()];
    expect(after.filter(({ isShut }) => !isShut)).toHaveLength(10);
  },
);

test("whatever is said one after the other, neither kind has more than its room", () => {
  const message = fc.record({ routes: wanted, isWhole: fc.boolean() });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), quotas, (messages, most) => {
      let there: ReadonlyMap<string, Sized> = NO_ROUTES;
      for (const { routes, isWhole } of messages) there = said(routes, there, most, isWhole);
      for (const [isShut, times] of [[false, 1] as const, [true, 2] as const]) {
        const held = sumOf([...there.values()].filter((one) => one.isShut === isShut));
        expect(held.routes).toBeLessThanOrEqual(times * most.clusterRoutes);
      }
    }),
    { numRuns: 2_000 },
  );
});
