import { CopyObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { contentDisposition } from "./content-disposition.ts";
import { isFileId, newFileId } from "./file-id.ts";
import { mayBeInline } from "./file-types.ts";
import type { DirectFiles, DirectUpload, Disposition, FileMeta, StoredFile } from "./ports.ts";
import { isStatus, type Bucket } from "./s3-bucket.ts";
import { described, incomingKey, markKey, objectKey, storedFile } from "./s3-layout.ts";

export interface S3DirectDeps {
  /** Epoch milliseconds. */
  wallNow: () => number;
  randomHex: (bytes: number) => string;
}

/** Uploads and downloads by URLs that S3 itself checks; the keys are those of `S3Files`. */
export class S3Direct implements DirectFiles {
  readonly #bucket: Bucket;
  readonly #deps: S3DirectDeps;

  constructor(bucket: Bucket, deps: S3DirectDeps) {
    this.#bucket = bucket;
    this.#deps = deps;
  }

  async offer(owner: string, bytes: number, expiresInMs: number): Promise<DirectUpload> {
    const id = newFileId(this.#deps.wallNow(), this.#deps.randomHex);
    const put = new PutObjectCommand({
      ...this.#bucket.at(incomingKey(owner, id)),
      ContentLength: bytes,
    });
    // Signed, the length is S3's to enforce; a browser sends it by itself.
    const when = { wallMs: this.#deps.wallNow(), expiresInMs };
    const url = await this.#bucket.signed(put, when, ["content-length"]);
    return { id, method: "PUT", url, headers: {} };
  }

  async incoming(owner: string, id: string) {
    if (!isFileId(id)) return undefined;
    const found = await this.#bucket.head(incomingKey(owner, id));
    return found && { bytes: found.ContentLength ?? 0, version: found.ETag ?? "" };
  }

  async open(owner: string, id: string, signal: AbortSignal): Promise<Readable | undefined> {
    return isFileId(id) ? this.#bucket.open(incomingKey(owner, id), undefined, signal) : undefined;
  }

  async accept(id: string, version: string, meta: FileMeta): Promise<StoredFile | undefined> {
    const from = incomingKey(meta.owner, id);
    // A file never changes, also not for who uploads once more to the URL of an accepted one.
    if ((await this.#bucket.head(objectKey(id))) !== undefined) {
      await this.discard(meta.owner, id);
      return undefined;
    }
    await this.#bucket.mark(markKey(meta.owner, id));
    const copy = new CopyObjectCommand({
      ...this.#bucket.at(objectKey(id)),
      ...described(meta),
      CopySource: this.#bucket.source(from),
      // The URL that it came by may still be open: what was not looked at is not accepted.
      CopySourceIfMatch: version,
      MetadataDirective: "REPLACE",
    });
    const isDone = await this.#bucket.client.send(copy).then(
      () => true,
      (error: unknown) => {
        if (isStatus(error, 404) || isStatus(error, 412)) return false;
        throw error;
      },
    );
    if (!isDone) await this.#bucket.delete(markKey(meta.owner, id));
    await this.discard(meta.owner, id);
    const found = isDone ? await this.#bucket.head(objectKey(id)) : undefined;
    return found && storedFile(id, found);
  }

  async discard(owner: string, id: string): Promise<void> {
    if (isFileId(id)) await this.#bucket.delete(incomingKey(owner, id));
  }

  link(file: StoredFile, disposition: Disposition, expiresInMs: number): Promise<string> {
    const get = new GetObjectCommand({
      ...this.#bucket.at(objectKey(file.id)),
      ResponseContentType: file.type,
      ResponseContentDisposition: contentDisposition(
        mayBeInline(file.type) ? disposition : "attachment",
        file.name,
      ),
      ResponseCacheControl: "private, no-transform",
    });
    return this.#bucket.signed(get, { wallMs: this.#deps.wallNow(), expiresInMs }, []);
  }
}
