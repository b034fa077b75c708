import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import * as v from "valibot";
import { randomId } from "./clock.ts";
import { makeFolder } from "./folder.ts";

/** A file of ours that holds something else than it should. The message names it and says what to do. */
export class DamagedFileError extends Error {
  override readonly name = "DamagedFileError";
}

/**
 * Replaces a small JSON file as `replaceFile` does, and makes its folder, for its owner alone, where
 * there is none.
 */
export async function writeState(path: string, value: unknown): Promise<void> {
  makeFolder(dirname(path), 0o700);
  await replaceFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

/**
 * Replaces a small file so that a crash at any moment leaves the old one or the new one, whole:
 * a temporary file beside it, flushed, renamed over it, and the folder flushed. Readable by its owner
 * alone.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  const fresh = `${path}.${randomId(6, "hex")}.tmp`;
  try {
    await using file = await open(fresh, "wx", 0o600);
    await file.writeFile(text);
    await file.sync();
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** What `writeState` wrote; undefined when there is no such file. A DamagedFileError if it does not fit. */
export async function readState<T>(
  path: string,
  schema: v.GenericSchema<unknown, T>,
): Promise<T | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const parsed = v.safeParse(schema, jsonOrNothing(text));
  if (parsed.success) return parsed.output;
  const why = "is damaged or of another version: move it away to start afresh";
  throw new DamagedFileError(`${path} ${why}`);
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Makes a rename within `folder` itself durable. Windows cannot open folders, and needs none of it. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  await using handle = await open(folder, "r");
  await handle.sync();
}
