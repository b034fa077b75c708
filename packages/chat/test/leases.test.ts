import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { firstLease, type Leases } from "../src/leases/ports.ts";
import { memoryLeases } from "../src/store/memory/memory-leases.ts";
import { LeaseTable } from "../src/store/sqlite/lease-table.ts";
import { migrate } from "../src/store/sqlite/migrations.ts";
import { LEASE_FACTS } from "./_lease-facts.ts";
import { MONGO_URI, oneByOne, openStore as openMongo } from "./_mongo-kit.ts";
import { mongoDatabase } from "../src/testing/index.ts";
import { folder, openStore } from "./_sqlite-kit.ts";

describe("leases in memory", () => {
  test.each(LEASE_FACTS)("$name", ({ holds }) => holds(memoryLeases()));
});

/** What the worker has, without its thread. */
function inProcess(): Leases {
  const file = new DatabaseSync(":memory:");
  migrate(file);
  const table = new LeaseTable(file);
  return {
    get: async (name) => table.get(name),
    put: async (name, was, next) => table.put(name, was, next),
    list: async (kind, holder, limit) => table.list(kind, holder, limit),
    holders: async (kind) => table.holders(kind),
    marks: async (kind, notOf) => table.marks(kind, notOf),
  };
}

describe("leases in SQLite", () => {
  test.each(LEASE_FACTS)("$name", ({ holds }) => holds(inProcess()));

  test("outlive the process", async () => {
    await using path = await folder();
    const name = { kind: "run", userId: "alice", name: "s" } as const;
    const lease = firstLease(name, "one", '{"asked":1}');
    {
      await using store = await openStore(path.file);
      await store.leases.put(name, undefined, lease);
    }
    await using store = await openStore(path.file);
    expect(await store.leases.get(name)).toEqual(lease);
    expect(await store.leases.marks("run", "two")).toHaveLength(1);
    expect(await store.leases.holders("run")).toEqual(["one"]);
    expect(await store.leases.list("run", "one", 1)).toEqual([lease]);
  });
});

describe.skipIf(MONGO_URI === undefined)("leases in MongoDB", () => {
  test.each(LEASE_FACTS)("$name", async ({ holds }) => {
    await using own = mongoDatabase(MONGO_URI!);
    await using store = openMongo({ uri: oneByOne(MONGO_URI!), database: own.name });
    await holds(store.leases);
  });
});
