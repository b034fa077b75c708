import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { draft } from "./_log-facts.ts";
import { folder, openStore } from "./_sqlite-kit.ts";

const MARK = "a-mark-that-is-nowhere-else";

/** Whether anything in the folder holds the characters. */
async function isAnywhere(path: string): Promise<boolean> {
  const files = await readdir(path);
  const contents = await Promise.all(files.map((file) => readFile(join(path, file))));
  return contents.some((content) => content.includes(MARK));
}

test("what is erased is in no page of the files, while the store is open", async () => {
  await using at = await folder();
  await using store = await openStore(at.file);
  const key = { userId: `user-${MARK}`, sessionId: "s" };
  for (let n = 0; n < 200; n += 1) {
    await store.log.append(draft({ ...key, id: `${MARK}-${n}` }));
  }
  expect(await isAnywhere(dirname(at.file))).toBe(true);
  const { versions } = await store.log.heads(key);
  expect(await store.logErasure.erase(key, versions)).toBe(200);
  expect(await isAnywhere(dirname(at.file))).toBe(false);
});
