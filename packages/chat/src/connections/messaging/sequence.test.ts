import fc from "fast-check";
import { expect, test } from "vitest";
import { including, type Versions } from "../../log/versions.ts";
import { lastSequence, sequenceOf, stretchesOf } from "./sequence.ts";

test.each([
  { name: "of one origin are its own", versions: { "home:1": 9 }, at: ["home:1", 7], want: 7 },
  {
    name: "of the origin after a backup was put back follow upon the last before",
    versions: { "home:1": 50, "home:2": 3 },
    at: ["home:2", 3],
    want: 53,
  },
  {
    name: "stay what they were when another origin follows",
    versions: { "home:1": 50, "home:2": 3 },
    at: ["home:1", 50],
    want: 50,
  },
  {
    name: "count epochs, and do not spell them",
    versions: { "home:2": 5, "home:10": 1 },
    at: ["home:10", 1],
    want: 6,
  },
  {
    name: "of an origin that is new here are built upon all before it",
    versions: { "home:1": 4 },
    at: ["home:2", 1],
    want: 5,
  },
])("numbers $name", ({ versions, at, want }) => {
  const [origin, number] = at as [string, number];
  expect(sequenceOf(versions as unknown as Versions, { origin, number })).toBe(want);
});

test("over any restores every number is given once, without a hole, and leads back to its entry", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 300 }), (epochs, cut) => {
      let versions: Versions = {};
      const told: number[] = [];
      const places = new Map<number, string>();
      for (const [epoch, length] of epochs.entries()) {
        for (let number = 1; number <= length; number++) {
          const position = { origin: `home:${epoch + 1}`, number };
          versions = including(versions, position);
          const sequence = sequenceOf(versions, position);
          told.push(sequence);
          places.set(sequence, `${position.origin} ${number}`);
        }
      }
      expect(told).toEqual(told.map((_, at) => at + 1));
      expect(lastSequence(versions)).toBe(told.length);
      const found = stretchesOf(versions, cut, told.length + 5).flatMap(({ origin, from, to }) =>
        Array.from({ length: to - from + 1 }, (_, at) => `${origin} ${from + at}`),
      );
      expect(found).toEqual(told.slice(cut - 1).map((sequence) => places.get(sequence)));
    }),
  );
});
