import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import * as v from "valibot";
import { randomId } from "./clock.ts";

/**
 * Replaces a small JSON file so that a crash at any moment leaves the old one or the new one, whole:
 * a temporary file beside it, flushed, renamed over it, and the folder flushed. Readable by its owner
 * alone.
 */
export async function writeState(path: string, value: unknown): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const fresh = `${path}.${randomId(6, "hex")}.tmp`;
  try {
    await using file = await open(fresh, "wx", 0o600);
    await file.writeFile(`${JSON.stringify(value, undefined, 2)}\n`);
    await file.sync();
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** What `writeState` wrote; undefined when there is no such file. Throws when it does not fit. */
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
  throw new Error(`${path} is damaged or of another version: move it away to start afresh`);
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Makes the rename itself durable. Windows cannot open folders, and needs none of it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  await using handle = await open(folder, "r");
  await handle.sync();
}
