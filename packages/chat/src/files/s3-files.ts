import { Upload } from "@aws-sdk/lib-storage";
import { Readable } from "node:stream";
import type { Guard } from "@warren/host";
import { isFileId, newFileId, ownerKey, timeOfId } from "./file-id.ts";
import type { ByteRange, DirectFiles, FileMeta, Files, FileUpkeep, StoredFile } from "./ports.ts";
import { Bucket, type S3Options } from "./s3-bucket.ts";
import { S3Direct, type S3DirectDeps } from "./s3-direct.ts";
import {
  bare,
  described,
  holdersOf,
  incomingKey,
  markKey,
  objectKey,
  storedFile,
} from "./s3-layout.ts";

export { classifyS3 } from "./s3-bucket.ts";

export interface S3FilesDeps extends S3DirectDeps {
  /** Made with `classifyS3`. */
  guard: Guard;
}

const PARTS_AT_ONCE = 2;

/**
 * Files in a bucket:
 *
 *     objects/<id>            the bytes, with their FileMeta as the object's metadata
 *     owners/<hash>/<id>      empty, written first and removed last, so that an owner's files are found
 *     holders/<id>/<holder>   empty, of each session that names it
 *     incoming/<hash>/<id>    what a browser uploaded by itself, until it is accepted
 *
 * An object is there when its upload was completed, so none is ever half there. Parts of uploads that a
 * dying process left are the bucket's to expire (`AbortIncompleteMultipartUpload`).
 */
export class S3Files implements Files, FileUpkeep {
  readonly direct: DirectFiles;
  readonly #bucket: Bucket;
  readonly #partBytes: number;
  readonly #deps: S3FilesDeps;

  constructor(options: S3Options, deps: S3FilesDeps) {
    this.#bucket = new Bucket(options, deps);
    this.#partBytes = options.partBytes;
    this.#deps = deps;
    this.direct = new S3Direct(this.#bucket, deps);
  }

  async put(source: AsyncIterable<Uint8Array>, meta: FileMeta, signal: AbortSignal) {
    const id = newFileId(this.#deps.wallNow(), this.#deps.randomHex);
    signal.throwIfAborted();
    await this.#bucket.mark(markKey(meta.owner, id));
    const counted = new Counted(source, signal);
    const body = Readable.from(counted);
    const upload = new Upload({
      client: this.#bucket.client,
      params: { ...this.#bucket.at(objectKey(id)), ...described(meta), Body: body },
      partSize: this.#partBytes,
      queueSize: PARTS_AT_ONCE,
      leavePartsOnError: false,
    });
    try {
      await upload.done();
    } catch (error) {
      body.destroy();
      await this.#undo(meta.owner, id);
      // lib-storage gives what its own cleaning up threw before what made it necessary.
      throw counted.failure?.error ?? error;
    }
    return { ...bare(meta), id, bytes: counted.bytes, storedAtMs: timeOfId(id) };
  }

  async head(id: string): Promise<StoredFile | undefined> {
    if (!isFileId(id)) return undefined;
    const found = await this.#bucket.head(objectKey(id));
    return found && storedFile(id, found);
  }

  async get(id: string, range: ByteRange | undefined, signal: AbortSignal) {
    if (!isFileId(id)) return undefined;
    return this.#bucket.open(objectKey(id), range, signal);
  }

  async remove(id: string): Promise<boolean> {
    const file = await this.head(id);
    if (file === undefined) return false;
    await this.#bucket.delete(objectKey(id));
    await this.#bucket.delete(markKey(file.owner, id));
    await this.#letGo(id);
    return true;
  }

  async hold(id: string, holder: string): Promise<boolean> {
    if (!isFileId(id)) return false;
    // First the mark: whoever releases the last one before it is seen takes the file before we look.
    await this.#bucket.mark(holdersOf(id) + holder);
    if ((await this.head(id)) !== undefined) return true;
    await this.#letGo(id);
    return false;
  }

  async release(id: string, holder: string): Promise<boolean> {
    if (!isFileId(id)) return false;
    await this.#bucket.delete(holdersOf(id) + holder);
    const other = await this.#bucket.keys(holdersOf(id)).next();
    return other.done === true && this.remove(id);
  }

  async give(from: string, to: string): Promise<number> {
    let given = 0;
    for await (const id of this.#ids(`owners/${ownerKey(from)}/`)) {
      const file = await this.head(id);
      if (file === undefined) continue;
      await this.#bucket.mark(markKey(to, id));
      await this.#bucket.describe(objectKey(id), described({ ...file, owner: to }));
      await this.#bucket.delete(markKey(from, id));
      given += 1;
    }
    return given;
  }

  async *ofOwner(owner: string): AsyncGenerator<StoredFile> {
    for await (const id of this.#ids(`owners/${ownerKey(owner)}/`)) {
      const file = await this.head(id);
      if (file !== undefined) yield file;
    }
  }

  async *storedBefore(wallMs: number): AsyncGenerator<string> {
    for await (const id of this.#ids("objects/")) {
      if (timeOfId(id) >= wallMs) return;
      yield id;
    }
  }

  async removeOwner(owner: string): Promise<number> {
    let removed = 0;
    for await (const id of this.#ids(`owners/${ownerKey(owner)}/`)) {
      if (await this.remove(id)) removed += 1;
      await this.#bucket.delete(markKey(owner, id));
    }
    for await (const id of this.#ids(`incoming/${ownerKey(owner)}/`))
      await this.#bucket.delete(incomingKey(owner, id));
    return removed;
  }

  async sweep(wallMs: number): Promise<number> {
    let removed = 0;
    for await (const key of this.#bucket.keys("incoming/")) {
      const id = key.slice(-32);
      if (!isFileId(id) || timeOfId(id) >= wallMs) continue;
      await this.#bucket.delete(key);
      removed += 1;
    }
    return removed;
  }

  /**
   * After a store that failed: its last answer may have been lost, and the object be there. The mark
   * stays until it is not, or erasure would never find it.
   */
  async #undo(owner: string, id: string): Promise<void> {
    // The failure that led here is told. Erasure finds by its mark what could not be deleted now.
    const gone = this.#bucket.delete(objectKey(id));
    await gone.then(() => this.#bucket.delete(markKey(owner, id))).catch(() => {});
  }

  async #letGo(id: string): Promise<void> {
    for await (const key of this.#bucket.keys(holdersOf(id))) await this.#bucket.delete(key);
  }

  async *#ids(folder: string): AsyncGenerator<string> {
    for await (const key of this.#bucket.keys(folder)) {
      const id = key.slice(-32);
      if (isFileId(id)) yield id;
    }
  }
}

/** A source that is counted, and whose own failure is remembered. */
class Counted {
  bytes = 0;
  failure: { error: unknown } | undefined;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #signal: AbortSignal;
  constructor(source: AsyncIterable<Uint8Array>, signal: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#source) {
        this.#signal.throwIfAborted();
        this.bytes += chunk.length;
        yield chunk;
      }
      this.#signal.throwIfAborted();
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}
