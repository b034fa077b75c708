import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  COLLECTIONS,
  KEYS,
  NEEDED,
  UNSHARDED,
  type CollectionName,
} from "../src/store/mongo/indexes.ts";

const TEXT = readFileSync(new URL("../../../docs/mongodb.md", import.meta.url), "utf8");
const ALL: readonly CollectionName[] = [...Object.values(COLLECTIONS), KEYS];

/** Collection, what is unique in it, and how it is sharded, as the document's table has them. */
function documented(): Map<string, { unique: string; sharded: string }> {
  const lines = TEXT.split("\n").filter((line) => line.startsWith("| `"));
  const rows = lines.map((line) => line.split("|").map((cell) => cell.trim()));
  return new Map(
    rows.map(([, name = "", , unique = "", sharded = ""]) => [
      /`(\w+)`/.exec(name)![1]!,
      { unique, sharded },
    ]),
  );
}

test("every collection is documented, and no other", () => {
  expect([...documented().keys()].toSorted()).toEqual([...ALL].toSorted());
});

test.each(ALL)("what is said of %s is so: what is unique in it, and how it is sharded", (name) => {
  const { unique, sharded } = documented().get(name)!;
  const named = NEEDED.filter(({ collection }) => collection === name).map((one) => one.name);
  const isSharded = !UNSHARDED.includes(name);
  expect(sharded).toBe(isSharded ? "by `user_id`" : "no");
  for (const index of isSharded ? named : ["_id"]) expect(unique).toContain(`\`${index}\``);
});

test("the commands that shard name each collection that is sharded", () => {
  const [, names = ""] = /for \(const name of \[([^\]]*)\]/.exec(TEXT) ?? [];
  const said = [...names.matchAll(/"\w+\.(\w+)"/g)].map(([, name]) => name!);
  const wanted = ALL.filter((name) => !UNSHARDED.includes(name));
  expect(said.toSorted()).toEqual([...wanted].toSorted());
});
