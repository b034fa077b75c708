import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Something that is made of files. */
export interface Made {
  /** Files and folders that it is made of; one that is not there counts for nothing. */
  readonly of: readonly string[];
  /** Files that are there once it is made. */
  readonly files: readonly string[];
}

/** Folders with nothing in them that is made into anything. */
const LEFT_OUT = new Set(["dist", "node_modules", "test"]);

/** True where a file of it is missing, or something that it is made of is newer. */
export async function isStale({ of, files }: Made): Promise<boolean> {
  const [made, sources] = await Promise.all([
    Promise.all(files.map(changedMs)),
    Promise.all(of.map(newestMs)),
  ]);
  const oldestMs = Math.min(...made.map((ms) => ms ?? -Infinity));
  return oldestMs < Math.max(...sources);
}

/** When it was last written, epoch milliseconds; undefined where it is not there. */
async function changedMs(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.mtimeMs;
}

async function newestMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return -Infinity;
  if (!found.isDirectory()) return found.mtimeMs;
  const names = await readdir(path);
  const inside = names
    .filter((name) => !LEFT_OUT.has(name))
    .map((name) => newestMs(join(path, name)));
  return Math.max(-Infinity, ...(await Promise.all(inside)));
}
