import { describe, expect, test } from "vitest";
import { ACTS } from "../bench/acts.ts";
import { quantile } from "../bench/measure.ts";
import { Figures, judge, table } from "../bench/report.ts";
import { TARGETS, type Target } from "../bench/targets.ts";

const of = { act: "a", measure: "m" };
const figure = (contender: string) => ({ ...of, contender, number: "n" });
const figures = new Figures();
for (const n of [1, 30, 3]) figures.add({ ...of, contender: "ours" }, { n });
for (const n of [8, 2, 1]) figures.add({ ...of, contender: "theirs" }, { n });

describe("a row of the bench", () => {
  const row = (more: Partial<Target>): Target => ({
    what: "w",
    ours: figure("ours"),
    unit: "x",
    ...more,
  });
  const theirs = figure("theirs");

  test.each<{ name: string; target: Target; value: number; met: boolean | undefined }>([
    { name: "a median by itself", target: row({}), value: 3, met: undefined },
    {
      name: "a ratio of medians that is low enough",
      target: row({ against: { figure: theirs, by: "ratio" }, bound: { most: 1.5 } }),
      value: 1.5,
      met: true,
    },
    {
      name: "a ratio of medians that is not high enough",
      target: row({ against: { figure: theirs, by: "ratio" }, bound: { least: 1.6 } }),
      value: 1.5,
      met: false,
    },
    {
      name: "a difference of medians",
      target: row({ against: { figure: theirs, by: "difference" }, bound: { most: 0.5 } }),
      value: 1,
      met: false,
    },
  ])("is $name", ({ target, value, met }) => {
    expect(judge([target], figures)).toMatchObject([{ value, met }]);
  });

  test("is left out where one side was not measured", () => {
    const nobody = { figure: figure("nobody"), by: "ratio" } as const;
    expect(judge([row({ against: nobody })], figures)).toEqual([]);
  });
});

test("every row asks for an act, a contender and a measure that are run", () => {
  const run = ACTS.flatMap((act) =>
    Object.keys(act.contenders).flatMap((contender) =>
      act.measures.map(({ name }) => `${act.name}, ${contender}, ${name}`),
    ),
  );
  for (const { ours, against } of TARGETS) {
    for (const { act, contender, measure } of [ours, against?.figure ?? ours]) {
      expect(run).toContain(`${act}, ${contender}, ${measure}`);
    }
  }
});

test.each([
  { name: "of an odd number", values: [3, 1, 2], q: 0.5, want: 2 },
  { name: "of one", values: [7], q: 0.99, want: 7 },
  { name: "at the end", values: [1, 2, 3, 4], q: 1, want: 4 },
])("a quantile $name", ({ values, q, want }) => {
  expect(quantile(values, q)).toBe(want);
});

test("a table is padded", () => {
  expect(table(["a", "b"], [["long", ""]])).toBe("| a    | b |\n|------|---|\n| long |   |");
});
