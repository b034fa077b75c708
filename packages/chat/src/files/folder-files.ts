import { open, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { makeFolder, readState, syncFolder, writeState } from "@warren/host";
import * as v from "valibot";
import { isFileId, newFileId, ownerKey, timeOfId } from "./file-id.ts";
import type { ByteRange, FileMeta, Files, FileUpkeep, StoredFile } from "./ports.ts";

export interface FolderFilesDeps {
  /** Epoch milliseconds. */
  wallNow: () => number;
  randomHex: (bytes: number) => string;
}

const Meta = v.strictObject({
  owner: v.string(),
  name: v.string(),
  type: v.string(),
  kind: v.picklist(["file", "voice"]),
});

/** A folder of objects this young may be about to get another one: it is left although empty. */
const YOUNG_MS = 3_600_000;

/**
 * Files in a folder:
 *
 *     incoming/<id>.part              what is being written
 *     objects/<6 of id>/<2>/<id>      the bytes
 *     objects/<6 of id>/<2>/<id>.json its FileMeta
 *     owners/<2 of hash>/<hash>/<id>  a mark, so that an owner's files are found
 *     holders/<6 of id>/<2>/<id>/<holder>  a mark of each session that names it
 *
 * 1. The bytes are flushed before they get their name, and get it last: a file is there when
 *    `objects/../<id>` is, whole, with all that belongs to it.
 * 2. A removal takes the bytes first. What a crash leaves of either is a mark and a description, which
 *    nobody sees and the next removal takes along.
 */
export class FolderFiles implements Files, FileUpkeep {
  readonly direct = undefined;
  readonly #root: string;
  readonly #deps: FolderFilesDeps;

  constructor(root: string, deps: FolderFilesDeps) {
    this.#root = root;
    this.#deps = deps;
    makeFolder(join(root, "incoming"), 0o700);
  }

  async put(source: AsyncIterable<Uint8Array>, meta: FileMeta, signal: AbortSignal) {
    const { wallNow, randomHex } = this.#deps;
    const id = newFileId(wallNow(), randomHex);
    const part = join(this.#root, "incoming", `${id}.part`);
    try {
      const bytes = await writeAll(part, source, signal);
      await writeState(this.#mark(meta.owner, id), {});
      const { owner, name, type, kind } = meta;
      await writeState(`${this.#path(id)}.json`, { owner, name, type, kind });
      await rename(part, this.#path(id));
      await syncFolder(dirname(this.#path(id)));
      return { owner, name, type, kind, id, bytes, storedAtMs: timeOfId(id) };
    } catch (error) {
      await rm(part, { force: true });
      await this.#forget(id, meta.owner);
      throw error;
    }
  }

  async head(id: string): Promise<StoredFile | undefined> {
    if (!isFileId(id)) return undefined;
    const [seen, meta] = await Promise.all([orAbsent(stat(this.#path(id))), this.#meta(id)]);
    if (seen === undefined || meta === undefined) return undefined;
    return { ...meta, id, bytes: seen.size, storedAtMs: timeOfId(id) };
  }

  async get(
    id: string,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<Readable | undefined> {
    signal.throwIfAborted();
    if (!isFileId(id)) return undefined;
    const file = await orAbsent(open(this.#path(id), "r"));
    return file?.createReadStream({
      ...(range && { start: range.first, end: range.last }),
      signal,
    });
  }

  async remove(id: string): Promise<boolean> {
    if (!isFileId(id)) return false;
    const meta = await this.#meta(id);
    const wasThere = (await orAbsent(rm(this.#path(id)).then(() => true))) ?? false;
    await this.#forget(id, meta?.owner);
    return wasThere;
  }

  async hold(id: string, holder: string): Promise<boolean> {
    if (!isFileId(id)) return false;
    // First the mark: whoever releases the last one before it is seen takes the file before we look.
    await writeState(join(this.#holders(id), holder), {});
    if ((await this.head(id)) !== undefined) return true;
    await rm(this.#holders(id), { recursive: true, force: true });
    return false;
  }

  async release(id: string, holder: string): Promise<boolean> {
    if (!isFileId(id)) return false;
    await rm(join(this.#holders(id), holder), { force: true });
    if ((await namesIn(this.#holders(id))).length > 0) return false;
    return this.remove(id);
  }

  async give(from: string, to: string): Promise<number> {
    let given = 0;
    for (const id of await namesIn(this.#marks(from))) {
      const meta = await this.#meta(id);
      if (meta === undefined) continue;
      await writeState(this.#mark(to, id), {});
      await writeState(`${this.#path(id)}.json`, { ...meta, owner: to });
      await rm(this.#mark(from, id), { force: true });
      given += 1;
    }
    return given;
  }

  async *ofOwner(owner: string): AsyncGenerator<StoredFile> {
    for (const id of await namesIn(this.#marks(owner))) {
      const file = await this.head(id);
      if (file !== undefined) yield file;
    }
  }

  async *storedBefore(wallMs: number): AsyncGenerator<string> {
    const objects = join(this.#root, "objects");
    for (const first of await namesIn(objects)) {
      if (timeOfId(first.padEnd(12, "0")) >= wallMs) return;
      for (const second of await namesIn(join(objects, first))) {
        for (const name of await namesIn(join(objects, first, second))) {
          const id = name.replace(/\.json$/, "");
          if (name !== id && isFileId(id) && timeOfId(id) < wallMs) yield id;
        }
      }
    }
  }

  async removeOwner(owner: string): Promise<number> {
    let removed = 0;
    for (const id of await namesIn(this.#marks(owner))) {
      if (!isFileId(id)) continue;
      if (await this.remove(id)) removed += 1;
      await rm(this.#mark(owner, id), { force: true });
    }
    await removeEmpty(this.#marks(owner));
    return removed;
  }

  async sweep(wallMs: number): Promise<number> {
    let removed = 0;
    for (const name of await namesIn(join(this.#root, "incoming"))) {
      const id = name.replace(/\.part$/, "");
      // One that is still written to is young, however long ago it began.
      const path = join(this.#root, "incoming", name);
      const seen = await orAbsent(stat(path));
      const isDead = seen !== undefined && seen.mtimeMs < wallMs;
      if (!isDead || !isFileId(id)) continue;
      await rm(path, { force: true });
      removed += 1;
    }
    return removed;
  }

  #path(id: string): string {
    return join(this.#root, "objects", id.slice(0, 6), id.slice(6, 8), id);
  }
  #marks(owner: string): string {
    const key = ownerKey(owner);
    return join(this.#root, "owners", key.slice(0, 2), key);
  }
  #holders(id: string): string {
    return join(this.#root, "holders", id.slice(0, 6), id.slice(6, 8), id);
  }
  #mark(owner: string, id: string): string {
    return join(this.#marks(owner), id);
  }
  #meta(id: string): Promise<FileMeta | undefined> {
    return readState(`${this.#path(id)}.json`, Meta);
  }

  async #forget(id: string, owner: string | undefined): Promise<void> {
    await rm(`${this.#path(id)}.json`, { force: true });
    if (owner !== undefined) await rm(this.#mark(owner, id), { force: true });
    await rm(this.#holders(id), { recursive: true, force: true });
    if (this.#deps.wallNow() - timeOfId(id) < YOUNG_MS) return;
    for (const path of [this.#path(id), this.#holders(id)]) {
      await removeEmpty(dirname(path));
      await removeEmpty(dirname(dirname(path)));
    }
  }
}

async function writeAll(
  path: string,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  await using file = await open(path, "wx", 0o600);
  let bytes = 0;
  for await (const chunk of source) {
    signal.throwIfAborted();
    await file.writeFile(chunk);
    bytes += chunk.length;
  }
  signal.throwIfAborted();
  await file.sync();
  return bytes;
}

/** Undefined where there is no such file. */
function orAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

async function namesIn(folder: string): Promise<string[]> {
  return ((await orAbsent(readdir(folder))) ?? []).sort();
}

/** Another process may be filling it at this moment. */
async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(error.code ?? "")) throw error;
  });
}
