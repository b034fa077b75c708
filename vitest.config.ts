import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const units = ["packages/*/src/**/*.test.ts", "packages/client/widget/**/*.test.ts"];
const suites = ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"];
const e2e = ["packages/*/test/**/*.e2e.test.ts", "test/**/*.e2e.test.ts"];
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

/** Suites that take a minute or more; of `liveness` and `fleet-redis`, which mostly wait, one at a time. */
const long = [
  "warren/test/liveness.e2e",
  "warren/test/fleet.e2e",
  "chat/test/instances",
  "warren/test/drain.e2e",
  "warren/test/kube-lead.e2e",
  "warren/test/fleet-redis.e2e",
  "warren/test/kube.e2e",
  "warren/test/widget-talk.e2e",
  "warren/test/expose.e2e",
  "chat/test/talk-crash",
  "warren/test/commands.e2e",
  "warren/test/desk.e2e",
  "warren/test/widget-page.e2e",
].map((name) => `/packages/${name}.test.ts`);

const place = ({ moduleId }: TestSpecification) => long.findIndex((it) => moduleId.endsWith(it));
const isLong = (one: TestSpecification) => place(one) >= 0;

/** They begin first, so that nobody waits for one of them at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications);
    return [
      ...sorted.filter(isLong).sort((one, other) => place(one) - place(other)),
      ...sorted.filter((one) => !isLong(one)),
    ];
  }
}

/** Suites wait more than they compute: for processes, sockets and stores. */
const beside = { maxWorkers: availableParallelism() + 1, sequence: { groupOrder: 0 } };

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      // Files share a process: they leave nothing in it, and to start one takes longer than most of them.
      {
        test: {
          ...timeouts,
          ...beside,
          name: "shared",
          include: [...units, ...suites],
          exclude: e2e,
          isolate: false,
        },
      },
      { test: { ...timeouts, ...beside, name: "together", include: e2e, exclude: alone } },
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
