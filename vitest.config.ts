import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const files = [
  "packages/*/src/**/*.test.ts",
  "packages/client/widget/**/*.test.ts",
  "packages/*/test/**/*.test.ts",
  "test/**/*.test.ts",
];
/** What they say is about time, or takes two browsers and a service: nothing else runs beside them. */
const alone = ["flow", "journey", "outage"].map(
  (name) => `packages/warren/test/${name}.e2e.test.ts`,
);
/** For what hangs: none of them says how long a thing may take. */
const timeouts = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 30_000 } },
};

/** Files that wait for minutes begin first, so that nobody waits for one of them at the end. */
class LongestFirst extends BaseSequencer {
  static readonly #long =
    /\/(fleet-redis|fleet|drain|liveness|renewal|widget-page|widget-talk|instances|instances-fail)\.(e2e\.)?test\.ts$/;

  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications);
    const isLong = ({ moduleId }: TestSpecification) => LongestFirst.#long.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((one) => !isLong(one))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...timeouts,
          name: "together",
          include: files,
          exclude: alone,
          // Suites wait more than they compute: for processes, sockets and stores.
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...timeouts,
          name: "alone",
          include: alone,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
