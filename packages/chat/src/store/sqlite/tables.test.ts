import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { firstLease, movedOn, takenBy } from "../../leases/ports.ts";
import { openTables } from "./tables.ts";

const lease = firstLease({ kind: "run", userId: "alice", name: "s" }, "one", "note");

test.each([
  { name: "a message", call: ["append"], isForGood: true },
  { name: "an erasure", call: ["eraseEntries"], isForGood: true },
  { name: "a row", call: ["foldSession"], isForGood: false },
  { name: "a read", call: ["tail"], isForGood: false },
  { name: "a lease's first holder", call: ["putLease", lease, undefined, lease], isForGood: true },
  { name: "a beat", call: ["putLease", lease, lease, movedOn(lease, "note")], isForGood: false },
  { name: "a checkpoint", call: ["putLease", lease, lease, movedOn(lease, "on")], isForGood: true },
  {
    name: "a lease's next holder",
    call: ["putLease", lease, lease, takenBy("two", lease, "note")],
    isForGood: true,
  },
  { name: "a lease's end", call: ["putLease", lease, lease, undefined], isForGood: true },
  { name: "whatever is new", call: ["somethingNew"], isForGood: true },
] as const)("the disk is waited for: $name", ({ call, isForGood }) => {
  using database = new DatabaseSync(":memory:");
  const [operation, ...args] = call;
  expect(openTables(database, "origin").isForGood(operation, args)).toBe(isForGood);
});
