import { describe, expect, test } from "vitest";
import { firstLease, movedOn, takenBy, type Lease } from "./ports.ts";
import { StillWatch } from "./still-watch.ts";

const name = { kind: "instance", userId: "", name: "one" } as const;
const lease = firstLease(name, "one", "{}");
const later = movedOn(lease, "{}");

interface Look {
  atMs: number;
  sees: readonly Lease[];
  over: boolean;
}

describe("a lease", () => {
  test.each<{ name: string; looks: readonly Look[] }>([
    {
      name: "whose counter stands still for its time is over",
      looks: [
        { atMs: 0, sees: [lease], over: false },
        { atMs: 1_000, sees: [lease], over: false },
        { atMs: 2_000, sees: [lease], over: false },
        { atMs: 3_000, sees: [lease], over: true },
      ],
    },
    {
      name: "that moved in between has all of its time again",
      looks: [
        { atMs: 0, sees: [lease], over: false },
        { atMs: 1_000, sees: [lease], over: false },
        { atMs: 2_000, sees: [later], over: false },
        { atMs: 4_000, sees: [later], over: false },
        { atMs: 5_000, sees: [later], over: true },
      ],
    },
    {
      name: "that another one took has all of its time again",
      looks: [
        { atMs: 0, sees: [lease], over: false },
        { atMs: 2_000, sees: [lease], over: false },
        { atMs: 4_000, sees: [takenBy("two", lease, "{}")], over: false },
        { atMs: 5_000, sees: [takenBy("two", lease, "{}")], over: false },
      ],
    },
    {
      name: "is not over by a time in which nobody looked",
      looks: [
        { atMs: 0, sees: [lease], over: false },
        { atMs: 60_000, sees: [lease], over: false },
        { atMs: 62_000, sees: [lease], over: false },
        { atMs: 63_000, sees: [lease], over: true },
      ],
    },
    {
      name: "that was away for a look begins anew",
      looks: [
        { atMs: 0, sees: [lease], over: false },
        { atMs: 2_000, sees: [], over: false },
        { atMs: 4_000, sees: [lease], over: false },
        { atMs: 5_000, sees: [lease], over: false },
      ],
    },
  ])("$name", ({ looks }) => {
    const watch = new StillWatch({ leaseMs: 3_000, mostGapMs: 2_000 });
    for (const { atMs, sees, over } of looks) {
      expect(watch.look(sees, atMs).length === 1, `at ${atMs} ms`).toBe(over);
    }
  });
});
