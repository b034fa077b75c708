import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  type HeadObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { Readable } from "node:stream";
import {
  classifyNetwork,
  classifyStatus,
  OPERATIONS,
  type FailureKind,
  type Guard,
} from "@warren/host";
import { contentDisposition } from "./content-disposition.ts";
import { mayBeInline } from "./file-types.ts";
import { isFileId, newFileId, ownerKey, timeOfId } from "./file-id.ts";
import type {
  ByteRange,
  DirectFiles,
  DirectUpload,
  Disposition,
  FileMeta,
  Files,
  FileUpkeep,
  StoredFile,
} from "./ports.ts";

export interface S3Options {
  /** Undefined: AWS itself. */
  endpoint: string | undefined;
  region: string;
  bucket: string;
  /** Before every key; empty, or with a slash at its end. */
  prefix: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`, as MinIO and others want it. */
  pathStyle: boolean;
  /** Undefined: as AWS's own chain finds them (a role of the machine or the pod). */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
  /** Of a multipart upload; two are held at once. S3 takes no less than 5 MiB. */
  partBytes: number;
}

export interface S3FilesDeps {
  /** Made with `classifyS3`. */
  guard: Guard;
  /** Epoch milliseconds. */
  wallNow: () => number;
  randomHex: (bytes: number) => string;
}

const PARTS_AT_ONCE = 2;
/** A connection on which nothing moves: a reader who pauses longer asks again for the rest. */
const SILENCE_MS = 120_000;

/**
 * Files in a bucket:
 *
 *     objects/<id>            the bytes, with their FileMeta as the object's metadata
 *     owners/<hash>/<id>      empty, written first and removed last, so that an owner's files are found
 *     incoming/<hash>/<id>    what a browser uploaded by itself, until it is accepted
 *
 * An object is there when its upload was completed, so none is ever half there. Parts of uploads that a
 * dying process left are the bucket's to expire (`AbortIncompleteMultipartUpload`).
 */
export class S3Files implements Files, FileUpkeep, DirectFiles {
  readonly direct = this;
  readonly #client: S3Client;
  readonly #options: S3Options;
  readonly #deps: S3FilesDeps;

  constructor(options: S3Options, deps: S3FilesDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#client = guarded(openClient(options), deps.guard);
  }

  async put(source: AsyncIterable<Uint8Array>, meta: FileMeta, signal: AbortSignal) {
    const id = newFileId(this.#deps.wallNow(), this.#deps.randomHex);
    signal.throwIfAborted();
    await this.#mark(meta.owner, id);
    const counted = new Counted(source, signal);
    const body = Readable.from(counted);
    const upload = new Upload({
      client: this.#client,
      params: { ...this.#at(objectKey(id)), ...described(meta), Body: body },
      partSize: this.#options.partBytes,
      queueSize: PARTS_AT_ONCE,
      leavePartsOnError: false,
    });
    try {
      await upload.done();
    } catch (error) {
      body.destroy();
      await this.#unmark(meta.owner, id);
      // lib-storage gives what its own cleaning up threw before what made it necessary.
      throw counted.failure?.error ?? error;
    }
    return { ...bare(meta), id, bytes: counted.bytes, storedAtMs: timeOfId(id) };
  }

  async head(id: string): Promise<StoredFile | undefined> {
    if (!isFileId(id)) return undefined;
    const found = await orAbsent(this.#client.send(new HeadObjectCommand(this.#at(objectKey(id)))));
    return found && storedFile(id, found);
  }

  async get(id: string, range: ByteRange | undefined, signal: AbortSignal) {
    if (!isFileId(id)) return undefined;
    return this.#open(objectKey(id), range, signal);
  }

  async remove(id: string): Promise<boolean> {
    const file = await this.head(id);
    if (file === undefined) return false;
    await this.#delete(objectKey(id));
    await this.#unmark(file.owner, id);
    return true;
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
      await this.#unmark(owner, id);
    }
    for await (const id of this.#ids(`incoming/${ownerKey(owner)}/`)) await this.discard(owner, id);
    return removed;
  }

  async sweep(wallMs: number): Promise<number> {
    let removed = 0;
    for await (const key of this.#keys("incoming/")) {
      const id = key.slice(-32);
      if (!isFileId(id) || timeOfId(id) >= wallMs) continue;
      await this.#delete(key);
      removed += 1;
    }
    return removed;
  }

  async offer(owner: string, bytes: number, expiresInMs: number): Promise<DirectUpload> {
    const id = newFileId(this.#deps.wallNow(), this.#deps.randomHex);
    const put = new PutObjectCommand({ ...this.#at(incomingKey(owner, id)), ContentLength: bytes });
    // Signed, the length is S3's to enforce; a browser sends it by itself.
    const url = await this.#signed(put, expiresInMs, new Set(["content-length"]));
    return { id, method: "PUT", url, headers: {} };
  }

  async incoming(owner: string, id: string) {
    if (!isFileId(id)) return undefined;
    const at = this.#at(incomingKey(owner, id));
    const found = await orAbsent(this.#client.send(new HeadObjectCommand(at)));
    return found && { bytes: found.ContentLength ?? 0, version: found.ETag ?? "" };
  }

  async open(owner: string, id: string, signal: AbortSignal): Promise<Readable | undefined> {
    return isFileId(id) ? this.#open(incomingKey(owner, id), undefined, signal) : undefined;
  }

  async accept(id: string, version: string, meta: FileMeta): Promise<StoredFile | undefined> {
    const { bucket, prefix } = this.#options;
    const from = incomingKey(meta.owner, id);
    // A file never changes, also not for who uploads once more to the URL of an accepted one.
    if ((await this.head(id)) !== undefined) {
      await this.discard(meta.owner, id);
      return undefined;
    }
    await this.#mark(meta.owner, id);
    const copy = new CopyObjectCommand({
      ...this.#at(objectKey(id)),
      ...described(meta),
      CopySource: `${bucket}/${prefix}${from}`,
      // The URL that it came by may still be open: what was not looked at is not accepted.
      CopySourceIfMatch: version,
      MetadataDirective: "REPLACE",
    });
    const isDone = await this.#client.send(copy).then(
      () => true,
      (error: unknown) => {
        if (isStatus(error, 404) || isStatus(error, 412)) return false;
        throw error;
      },
    );
    if (!isDone) await this.#unmark(meta.owner, id);
    await this.discard(meta.owner, id);
    return isDone ? this.head(id) : undefined;
  }

  async discard(owner: string, id: string): Promise<void> {
    if (isFileId(id)) await this.#delete(incomingKey(owner, id));
  }

  link(file: StoredFile, disposition: Disposition, expiresInMs: number): Promise<string> {
    const get = new GetObjectCommand({
      ...this.#at(objectKey(file.id)),
      ResponseContentType: file.type,
      ResponseContentDisposition: contentDisposition(
        mayBeInline(file.type) ? disposition : "attachment",
        file.name,
      ),
      ResponseCacheControl: "private, no-transform",
    });
    return this.#signed(get, expiresInMs, new Set());
  }

  #signed(
    command: GetObjectCommand | PutObjectCommand,
    expiresInMs: number,
    unhoistableHeaders: Set<string>,
  ): Promise<string> {
    const expiresIn = Math.max(1, Math.floor(expiresInMs / 1000));
    const signingDate = new Date(this.#deps.wallNow());
    const signableHeaders = new Set(["host", ...unhoistableHeaders]);
    const how = { expiresIn, signingDate, signableHeaders, unhoistableHeaders };
    return getSignedUrl(this.#client, command, how);
  }

  async #open(key: string, range: ByteRange | undefined, signal: AbortSignal) {
    const Range = range && `bytes=${range.first}-${range.last}`;
    const get = new GetObjectCommand({ ...this.#at(key), ...(Range !== undefined && { Range }) });
    const found = await orAbsent(this.#client.send(get));
    const body = found?.Body;
    if (!(body instanceof Readable)) return undefined;
    // RFC 9110 §14.2 lets a server ignore the range: other bytes must not pass for these.
    if (range !== undefined && found?.ContentLength !== range.last - range.first + 1) {
      body.destroy();
      throw new RangeError("the store gave other bytes than were asked for");
    }
    const cut = () => body.destroy(signal.reason as Error);
    if (signal.aborted) cut();
    signal.addEventListener("abort", cut, { once: true });
    body.once("close", () => signal.removeEventListener("abort", cut));
    return body;
  }

  async *#ids(folder: string): AsyncGenerator<string> {
    for await (const key of this.#keys(folder)) {
      const id = key.slice(-32);
      if (isFileId(id)) yield id;
    }
  }

  /** Without the prefix, sorted. */
  async *#keys(folder: string): AsyncGenerator<string> {
    const { bucket, prefix } = this.#options;
    let StartAfter: string | undefined;
    for (;;) {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: `${prefix}${folder}`,
          ...(StartAfter !== undefined && { StartAfter }),
        }),
      );
      for (const { Key = "" } of page.Contents ?? []) yield Key.slice(prefix.length);
      StartAfter = page.Contents?.at(-1)?.Key;
      if (page.IsTruncated !== true || StartAfter === undefined) return;
    }
  }

  #at(key: string) {
    return { Bucket: this.#options.bucket, Key: `${this.#options.prefix}${key}` };
  }
  async #mark(owner: string, id: string): Promise<void> {
    const at = this.#at(`owners/${ownerKey(owner)}/${id}`);
    await this.#client.send(new PutObjectCommand({ ...at, Body: new Uint8Array() }));
  }
  #unmark(owner: string, id: string): Promise<void> {
    return this.#delete(`owners/${ownerKey(owner)}/${id}`);
  }
  async #delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#at(key)));
  }
}

const objectKey = (id: string) => `objects/${id}`;
const incomingKey = (owner: string, id: string) => `incoming/${ownerKey(owner)}/${id}`;

function openClient({ endpoint, region, pathStyle, credentials }: S3Options): S3Client {
  return new S3Client({
    region,
    forcePathStyle: pathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    // The guard tries again.
    maxAttempts: 1,
    // Newer checksums are unknown to many servers that speak S3.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: 5_000, socketTimeout: SILENCE_MS },
  });
}

/** The same client, each of whose requests goes through the guard; lib-storage's too. */
function guarded(client: S3Client, guard: Guard): S3Client {
  const send = (command: Parameters<S3Client["send"]>[0]) =>
    guard.run(OPERATIONS.s3, (abortSignal) => client.send(command, { abortSignal }));
  return Object.create(client, { send: { value: send } }) as S3Client;
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

function bare({ owner, name, type, kind }: FileMeta): FileMeta {
  return { owner, name, type, kind };
}

/** Metadata of S3 are header fields: other than ASCII is escaped. */
function described({ owner, name, type, kind }: FileMeta) {
  const Metadata = { owner: encodeURIComponent(owner), name: encodeURIComponent(name), kind };
  return { ContentType: type, Metadata };
}

function storedFile(id: string, found: HeadObjectCommandOutput): StoredFile {
  const { owner = "", name = "", kind } = found.Metadata ?? {};
  return {
    id,
    owner: decodeURIComponent(owner),
    name: decodeURIComponent(name),
    type: found.ContentType ?? "application/octet-stream",
    kind: kind === "voice" ? "voice" : "file",
    bytes: found.ContentLength ?? 0,
    storedAtMs: timeOfId(id),
  };
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === status;
}

function orAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: unknown) => {
    if (isStatus(error, 404)) return undefined;
    throw error;
  });
}

/** By the status, and by the names that the SDK gives what never got one. */
export function classifyS3(error: unknown): FailureKind {
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  if (status !== undefined && status >= 400) return classifyStatus(status);
  const name = error instanceof Error ? error.name : "";
  if (name === "TimeoutError") return "transient";
  if (name === "CredentialsProviderError") return "permanent";
  return classifyNetwork(error) ?? "not-a-failure";
}
