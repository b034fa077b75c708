import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { FileMeta } from "../src/files/ports.ts";
import { all, bytesOf, chunks, folderStore, s3Store, Wall } from "./_files.ts";

const NEVER = new AbortController().signal;
const META: FileMeta = {
  owner: "user:älice/../bob",
  name: "Grüße & more %41.txt",
  type: "text/plain",
  kind: "file",
};
const HOUR = 3_600_000;

describe.each([
  { name: "a folder", open: folderStore },
  { name: "S3", open: s3Store },
])("files in $name", ({ open }) => {
  test("come back as they were stored, with all that was said of them", async () => {
    await using store = await open();
    const stored = await store.files.put(chunks("hello"), META, NEVER);
    expect(stored).toMatchObject({ ...META, bytes: 5 });
    expect(stored.id).toMatch(/^[0-9a-f]{32}$/);
    expect(await store.files.head(stored.id)).toEqual(stored);
    expect((await bytesOf(await store.files.get(stored.id, undefined, NEVER))).toString()).toBe(
      "hello",
    );
  });

  test("stay voice notes", async () => {
    await using store = await open();
    const voice = { ...META, kind: "voice" as const, type: "audio/webm" };
    const { id } = await store.files.put(chunks("x"), voice, NEVER);
    expect(await store.files.head(id)).toMatchObject({ kind: "voice", type: "audio/webm" });
  });

  test.each([
    { name: "nothing", size: 0 },
    { name: "one byte", size: 1 },
    { name: "just a part", size: 5 * 1_048_576 },
    { name: "parts and a rest", size: 11 * 1_048_576 + 7 },
  ])("may have $name", async ({ size }) => {
    await using store = await open();
    const bytes = randomBytes(size);
    const { id, bytes: counted } = await store.files.put(chunks(bytes), META, NEVER);
    expect(counted).toBe(size);
    expect(await store.files.head(id)).toMatchObject({ bytes: size });
    const back = await bytesOf(await store.files.get(id, undefined, NEVER));
    expect(back.equals(bytes)).toBe(true);
  });

  test.each([
    // s3rver 3.7.1 takes bytes=0-0 for no range.
    { name: "the beginning", range: { first: 0, last: 1 }, want: "01" },
    { name: "a middle", range: { first: 3, last: 6 }, want: "3456" },
    { name: "the last byte", range: { first: 9, last: 9 }, want: "9" },
  ])("give $name alone", async ({ range, want }) => {
    await using store = await open();
    const { id } = await store.files.put(chunks("0123456789"), META, NEVER);
    expect((await bytesOf(await store.files.get(id, range, NEVER))).toString()).toBe(want);
  });

  test("stay while somebody holds them, and go with the last", async () => {
    await using store = await open();
    const { files } = store;
    const { id } = await files.put(chunks("x"), META, NEVER);
    for (const holder of ["one", "other", "one"]) expect(await files.hold(id, holder)).toBe(true);
    expect(await files.release(id, "one")).toBe(false);
    expect(await files.release(id, "nobody")).toBe(false);
    expect(await files.head(id)).toBeDefined();
    expect(await files.release(id, "other")).toBe(true);
    expect(await files.head(id)).toBeUndefined();
    expect(await files.hold(id, "late")).toBe(false);
    expect(await files.release(id, "late")).toBe(false);
    expect(await files.hold("../x", "one")).toBe(false);
  });

  test("that nobody ever held go with the first who lets go", async () => {
    await using store = await open();
    const { id } = await store.files.put(chunks("x"), META, NEVER);
    expect(await store.files.release(id, "one")).toBe(true);
  });

  test("are another's once they are given, with their bytes and holders, and given again are the same", async () => {
    await using store = await open();
    const { files } = store;
    const stored = await files.put(chunks("hello"), META, NEVER);
    await files.hold(stored.id, "one");
    const owner = "user:carol";
    expect(await files.give(META.owner, owner)).toBe(1);
    expect(await files.give(META.owner, owner)).toBe(0);
    expect(await all(files.ofOwner(META.owner))).toEqual([]);
    expect(await all(files.ofOwner(owner))).toEqual([{ ...stored, owner }]);
    expect(String(await bytesOf(await files.get(stored.id, undefined, NEVER)))).toBe("hello");
    expect(await files.removeOwner(META.owner)).toBe(0);
    expect(await files.release(stored.id, "one")).toBe(true);
  });

  test("that break off are not there, nor are they anyone's", async () => {
    await using store = await open();
    const gone = new Error("gone");
    async function* broken() {
      yield* chunks(randomBytes(6 * 1_048_576));
      throw gone;
    }
    await expect(store.files.put(broken(), META, NEVER)).rejects.toBe(gone);
    expect(await all(store.files.storedBefore(Number.MAX_SAFE_INTEGER))).toEqual([]);
    expect(await all(store.files.ofOwner(META.owner))).toEqual([]);
  });

  test("that somebody stops in the midst are not there", async () => {
    await using store = await open();
    const stop = new AbortController();
    async function* stopped() {
      yield Buffer.from("half");
      stop.abort(new Error("stopped"));
      yield Buffer.from("rest");
    }
    await expect(store.files.put(stopped(), META, stop.signal)).rejects.toThrow("stopped");
    expect(await all(store.files.ofOwner(META.owner))).toEqual([]);
  });

  test.each([
    { name: "an id that nobody has", id: "0".repeat(32) },
    { name: "a path", id: "../../../../etc/passwd" },
    { name: "a key of the store's own", id: "owners" },
    { name: "nothing", id: "" },
    { name: "a NUL", id: "\0" },
  ])("are absent under $name", async ({ id }) => {
    await using store = await open();
    expect(await store.files.head(id)).toBeUndefined();
    expect(await store.files.get(id, undefined, NEVER)).toBeUndefined();
    expect(await store.files.remove(id)).toBe(false);
  });

  test("are removed once", async () => {
    await using store = await open();
    const { id } = await store.files.put(chunks("x"), META, NEVER);
    expect(await store.files.remove(id)).toBe(true);
    expect(await store.files.remove(id)).toBe(false);
    expect(await store.files.head(id)).toBeUndefined();
    expect(await store.files.get(id, undefined, NEVER)).toBeUndefined();
    expect(await all(store.files.ofOwner(META.owner))).toEqual([]);
  });

  test("are erased with their owner, and only with theirs", async () => {
    await using store = await open();
    for (let i = 0; i < 3; i++) await store.files.put(chunks(`${i}`), META, NEVER);
    const other = await store.files.put(chunks("x"), { ...META, owner: "user:bob" }, NEVER);
    expect(await all(store.files.ofOwner(META.owner))).toHaveLength(3);
    expect(await store.files.removeOwner(META.owner)).toBe(3);
    expect(await store.files.removeOwner(META.owner)).toBe(0);
    expect(await all(store.files.ofOwner(META.owner))).toEqual([]);
    expect(await store.files.head(other.id)).toEqual(other);
  });

  test("are listed by age, the oldest first, up to a time", async () => {
    const wall = new Wall();
    await using store = await open(wall);
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) {
      ids.push((await store.files.put(chunks("x"), META, NEVER)).id);
      wall.ms += HOUR * 20 ** i;
    }
    const third = (await store.files.head(ids[2]!))!;
    expect(await all(store.files.storedBefore(third.storedAtMs))).toEqual(ids.slice(0, 2));
    expect(await all(store.files.storedBefore(third.storedAtMs + 1))).toEqual(ids.slice(0, 3));
    expect(await all(store.files.storedBefore(wall.ms))).toEqual(ids);
  });

  test("are stored by many at once without mixing", async () => {
    await using store = await open();
    const stored = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        store.files.put(chunks(`file ${i}`), { ...META, name: `${i}.txt` }, NEVER),
      ),
    );
    for (const [i, { id }] of stored.entries()) {
      expect(await store.files.head(id)).toMatchObject({ name: `${i}.txt` });
      expect((await bytesOf(await store.files.get(id, undefined, NEVER))).toString()).toBe(
        `file ${i}`,
      );
    }
    expect(await all(store.files.ofOwner(META.owner))).toHaveLength(30);
  });
});
