import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { FileMeta } from "../src/files/ports.ts";
import { all, bytesOf, chunks, folderStore, Wall } from "./_files.ts";

const NEVER = new AbortController().signal;
const META: FileMeta = { owner: "user:alice", name: "a.txt", type: "text/plain", kind: "file" };
const HOUR = 3_600_000;

/** Files below, with their paths from there. */
function below(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}
const objectPath = (root: string, id: string) =>
  join(root, "objects", id.slice(0, 6), id.slice(6, 8), id);

async function* broken() {
  yield Buffer.from("half");
  throw new Error("gone");
}

describe("a folder of files", () => {
  test("shows nothing of a file while it is written", async () => {
    await using store = await folderStore();
    const more = Promise.withResolvers<void>();
    async function* slow() {
      yield Buffer.from("half");
      await more.promise;
      yield Buffer.from("rest");
    }
    const putting = store.files.put(slow(), META, NEVER);
    expect(await all(store.files.ofOwner(META.owner))).toEqual([]);
    more.resolve();
    const { id } = await putting;
    expect((await bytesOf(await store.files.get(id, undefined, NEVER))).toString()).toBe(
      "halfrest",
    );
    expect(readdirSync(join(store.path, "incoming"))).toEqual([]);
  });

  test("leaves nothing behind of a file that broke off, nor of one that was removed", async () => {
    await using store = await folderStore();
    await expect(store.files.put(broken(), META, NEVER)).rejects.toThrow("gone");
    const { id } = await store.files.put(chunks("x"), META, NEVER);
    await store.files.remove(id);
    expect(below(store.path)).toEqual([]);
  });

  test("is for its owner's eyes alone, and names no user", async () => {
    await using store = await folderStore();
    const { id } = await store.files.put(chunks("x"), META, NEVER);
    expect(statSync(objectPath(store.path, id)).mode & 0o777).toBe(0o600);
    expect(statSync(join(store.path, "objects")).mode & 0o777).toBe(0o700);
    expect(below(store.path).join()).not.toContain("alice");
  });

  test("clears what a process that died was writing, not what another one writes now", async () => {
    const wall = new Wall();
    await using store = await folderStore(wall);
    const incoming = join(store.path, "incoming");
    const [dead, alive] = ["0".repeat(32), "1".repeat(32)];
    for (const id of [dead, alive]) writeFileSync(join(incoming, `${id}.part`), "half");
    writeFileSync(join(incoming, "README"), "not ours");
    const at = (ms: number) => new Date(wall.ms + ms);
    utimesSync(join(incoming, `${dead}.part`), at(-2 * HOUR), at(-2 * HOUR));
    utimesSync(join(incoming, `${alive}.part`), at(0), at(0));
    utimesSync(join(incoming, "README"), at(-2 * HOUR), at(-2 * HOUR));
    expect(await store.files.sweep(wall.ms - HOUR)).toBe(1);
    expect(readdirSync(incoming).sort()).toEqual([`${alive}.part`, "README"]);
  });

  test("shows nothing of what a killed process was writing, and sweeps it", async () => {
    await using store = await folderStore();
    const writer = fileURLToPath(new URL("_writer.ts", import.meta.url));
    const child = spawn(process.execPath, [writer, store.path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "close");
    expect(below(store.path)).toHaveLength(1);
    expect(await all(store.files.storedBefore(Number.MAX_SAFE_INTEGER))).toEqual([]);
    expect(await all(store.files.ofOwner("user:killed"))).toEqual([]);
    expect(await store.files.sweep(Number.MAX_SAFE_INTEGER)).toBe(1);
    expect(below(store.path)).toEqual([]);
  });

  test("does not show a file that lost its bytes in a crash, and erasure clears the rest", async () => {
    await using store = await folderStore();
    const { id } = await store.files.put(chunks("x"), META, NEVER);
    rmSync(objectPath(store.path, id));
    expect(await store.files.head(id)).toBeUndefined();
    expect(await store.files.get(id, undefined, NEVER)).toBeUndefined();
    expect(await all(store.files.ofOwner(META.owner))).toEqual([]);
    expect(await store.files.removeOwner(META.owner)).toBe(0);
    expect(below(store.path)).toEqual([]);
  });

  test("clears by age what a crash left", async () => {
    const wall = new Wall();
    await using store = await folderStore(wall);
    const { id } = await store.files.put(chunks("x"), META, NEVER);
    rmSync(objectPath(store.path, id));
    wall.ms += 2 * HOUR;
    for await (const old of store.files.storedBefore(wall.ms)) await store.files.remove(old);
    expect(below(store.path)).toEqual([]);
    expect(readdirSync(join(store.path, "objects"))).toEqual([]);
  });

  test("that cannot be written to rejects, and the source is left", async () => {
    await using store = await folderStore();
    rmSync(join(store.path, "incoming"), { recursive: true });
    writeFileSync(join(store.path, "incoming"), "");
    await expect(store.files.put(chunks("x"), META, NEVER)).rejects.toMatchObject({
      code: "ENOTDIR",
    });
    rmSync(join(store.path, "incoming"));
    mkdirSync(join(store.path, "incoming"));
  });

  test("ends a read whose reader left", async () => {
    await using store = await folderStore();
    const { id } = await store.files.put(chunks(Buffer.alloc(1_048_576)), META, NEVER);
    const reader = new AbortController();
    const body = (await store.files.get(id, undefined, reader.signal))!;
    reader.abort();
    await expect(bytesOf(body)).rejects.toMatchObject({ name: "AbortError" });
    expect(body.destroyed).toBe(true);
  });
});
