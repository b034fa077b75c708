import fc from "fast-check";
import { expect, test } from "vitest";
import { LogWorld, type Missing } from "./_log-world.ts";

const STEPS = 120;

test.each([
  { name: "clusters that were apart", restores: false },
  { name: "clusters that were apart and restored backups under a new epoch", restores: true },
])("$name agree in the end on all that was acknowledged, once each and in order", ({ restores }) =>
  fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      expect(await new LogWorld(seed, "nothing").run(STEPS, restores)).toEqual([]);
    }),
    { numRuns: 300 },
  ),
);

test.each<{ missing: Missing; restores: boolean }>([
  { missing: "stored maximum", restores: false },
  { missing: "seen by the writer", restores: false },
  { missing: "epoch of a restore", restores: true },
])("without the $missing the same clusters fail", async ({ missing, restores }) => {
  const wrong = [];
  for (let seed = 0; seed < 60; seed++)
    wrong.push(...(await new LogWorld(seed, missing).run(STEPS, restores)));
  expect(wrong.length).toBeGreaterThan(0);
});
