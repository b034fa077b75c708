import { IDBFactory } from "fake-indexeddb";
import { describe, expect, test } from "vitest";
import { forgivingStorage } from "./forgiving-storage.ts";
import { indexedStorage } from "./indexed-storage.ts";
import { memoryStorage } from "./memory-storage.ts";

const storages = {
  memory: () => memoryStorage(),
  indexed: () => indexedStorage(new IDBFactory() as never, "chat"),
};

describe.each(Object.entries(storages))("a storage in %s", (_kind, open) => {
  test("has what was set last, and nothing else", async () => {
    const storage = open();
    expect(await storage.get("a")).toBeUndefined();
    await storage.set("a", { n: [1, undefined, "x"] });
    await storage.set("a", { n: [2] });
    expect(await storage.get("a")).toEqual({ n: [2] });
  });

  test("lists what begins with a prefix, in the order of the keys", async () => {
    const storage = open();
    for (const key of ["out:b", "out:a", "ou", "outer", "out:"]) await storage.set(key, `v ${key}`);
    expect(await storage.list("out:")).toEqual([
      ["out:", "v out:"],
      ["out:a", "v out:a"],
      ["out:b", "v out:b"],
    ]);
  });

  test("forgets one, and all", async () => {
    const storage = open();
    await storage.set("a", 1);
    await storage.set("b", 2);
    await storage.delete("a");
    await storage.delete("never");
    expect(await storage.list("")).toEqual([["b", 2]]);
    await storage.clear();
    expect(await storage.list("")).toEqual([]);
  });

  test("gives away copies: what is changed afterwards is not kept", async () => {
    const storage = open();
    const value = { n: 1 };
    const kept = storage.set("a", value);
    value.n = 2;
    await kept;
    const got = (await storage.get("a")) as { n: number };
    got.n = 3;
    expect(await storage.get("a")).toEqual({ n: 1 });
  });
});

describe("a storage of the browser", () => {
  test("is one for all tabs, and outlives them", async () => {
    const databases = new IDBFactory() as never;
    await indexedStorage(databases, "chat").set("a", 1);
    expect(await indexedStorage(databases, "chat").get("a")).toBe(1);
    expect(await indexedStorage(databases, "another").get("a")).toBeUndefined();
  });

  test("that refuses is told of, and the chat goes on without", async () => {
    const reason = new Error("denied");
    const denied = indexedStorage({ open: () => raise(reason) }, "chat");
    const problems: unknown[] = [];
    const storage = forgivingStorage(denied, (problem) => problems.push(problem));
    await storage.set("a", 1);
    expect([await storage.get("a"), await storage.list("")]).toEqual([undefined, []]);
    expect(problems).toEqual([reason, reason, reason]);
  });
});

function raise(reason: Error): never {
  throw reason;
}
