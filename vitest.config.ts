import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const files = ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "test/**/*.test.ts"];
/** What they say is about time: nothing else runs beside them. */
const alone = ["flow", "liveness", "outage", "renewal"].map(
  (name) => `packages/warren/test/${name}.e2e.test.ts`,
);
const timeouts = { testTimeout: 20_000, hookTimeout: 20_000 };

export default defineConfig({
  test: {
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
