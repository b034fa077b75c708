import fc from "fast-check";
import { expect, test } from "vitest";
import { Least } from "./least.ts";

interface Offer {
  readonly key: number;
  readonly word: number;
  readonly row: number;
}

const byRow = (a: number, b: number) => a - b;

/** The rows that are left, but for the first `skip`. */
function least(offers: readonly Offer[], limit: number, skip: number): number[] {
  const kept = new Least(limit, byRow);
  for (const { key, word, row } of offers) {
    if (key <= kept.worst) kept.offer(key, word, row);
    if (row % 700 === 0) kept.tighten();
  }
  return kept.rows(skip);
}

function sorted(offers: readonly Offer[], limit: number, skip: number): number[] {
  const order = (a: Offer, b: Offer) => a.key - b.key || a.word - b.word || a.row - b.row;
  return [...offers]
    .sort(order)
    .slice(skip, limit)
    .map(({ row }) => row);
}

const COUNT = 40_000;
const offersOf = (
  keyOf: (row: number) => number,
  wordOf: (row: number) => number = () => 7,
): Offer[] =>
  Array.from({ length: COUNT }, (_, row) => ({ key: keyOf(row), word: wordOf(row), row }));

test.each([
  { name: "that get greater", offers: offersOf((row) => row) },
  { name: "that get less", offers: offersOf((row) => -row) },
  {
    name: "that get less, of all words",
    offers: offersOf(
      () => 0,
      (row) => 2 ** 32 - 1 - row,
    ),
  },
  { name: "that are equal, but for the row", offers: offersOf(() => 1).toReversed() },
  {
    name: "of two kinds",
    offers: offersOf(
      (row) => row % 2,
      (row) => row % 3,
    ),
  },
  { name: "that rise and fall", offers: offersOf((row) => Math.abs(row - COUNT / 2)) },
])("of rows $name the least come out in order", ({ offers }) => {
  for (const [limit, skip] of [
    [1, 0],
    [101, 0],
    [3_001, 2_000],
    [11_001, 10_000],
    [COUNT, COUNT - 5],
    [COUNT + 9, COUNT + 3],
  ] as const) {
    expect(least(offers, limit, skip)).toEqual(sorted(offers, limit, skip));
  }
});

test("of any rows the least come out in order", () => {
  const offer = fc.record({
    key: fc.integer({ min: -4, max: 4 }),
    word: fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1),
  });
  fc.assert(
    fc.property(fc.array(offer), fc.nat(30), fc.nat(40), (given, limit, skip) => {
      const offers = given.map((one, row) => ({ ...one, row }));
      expect(least(offers, limit + 1, skip)).toEqual(sorted(offers, limit + 1, skip));
    }),
  );
});
