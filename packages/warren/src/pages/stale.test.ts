import { mkdir, mkdtempDisposable, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { isStale } from "./stale.ts";

/** Files by their path, with the second at which they were written. */
type Files = Readonly<Record<string, number>>;

async function written(root: string, files: Files): Promise<void> {
  for (const [path, second] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, "");
    await utimes(file, second, second);
  }
}

const BUILT = { "dist/a.html": 20, "dist/b.html": 21 };

test.each<{ name: string; files: Files; want: boolean }>([
  { name: "is older than what is made", files: { "src/x.ts": 10, ...BUILT }, want: false },
  { name: "is newer", files: { "src/deep/x.ts": 30, ...BUILT }, want: true },
  { name: "is newer than one of what is made", files: { "src/x.ts": 21, ...BUILT }, want: true },
  { name: "is a test", files: { "src/x.ts": 10, "test/x.ts": 30, ...BUILT }, want: false },
  { name: "was installed", files: { "node_modules/x/y.js": 30, ...BUILT }, want: false },
  { name: "was never made", files: { "src/x.ts": 10 }, want: true },
  { name: "was made in part", files: { "src/x.ts": 10, "dist/a.html": 20 }, want: true },
])("what $name: stale is $want", async ({ files, want }) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "warren-"));
  await written(folder.path, files);
  const at = (name: string) => join(folder.path, name);
  const made = { of: [at(""), at("nothing")], files: [at("dist/a.html"), at("dist/b.html")] };
  expect(await isStale(made)).toBe(want);
});

test("a source that is removed makes nothing stale", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "warren-"));
  await written(folder.path, { "src/x.ts": 10, "src/y.ts": 11, ...BUILT });
  await rm(join(folder.path, "src/y.ts"));
  const files = [join(folder.path, "dist/a.html")];
  expect(await isStale({ of: [folder.path], files })).toBe(false);
});
