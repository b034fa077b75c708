import type { Readable } from "node:stream";

/** What a file is to its conversation. Stored with it: a voice note is one after a reload too (T-5). */
export type FileKind = "file" | "voice";

export interface FileMeta {
  /** Who uploaded it: `user:alice`. */
  owner: string;
  /** As the uploader's machine calls it; checked, never part of a path. */
  name: string;
  /** Media type by content, of the allowed ones. */
  type: string;
  kind: FileKind;
}

export interface StoredFile extends FileMeta {
  /** `newFileId`. */
  id: string;
  bytes: number;
  /** Epoch milliseconds. */
  storedAtMs: number;
}

/** Bytes of a file, both ends in it. */
export interface ByteRange {
  first: number;
  last: number;
}

/** Files, whole or not at all, never changed once stored. Ids that are none are absent. */
export interface Files {
  /**
   * Stores what `source` gives, without holding it. Rejects with what `source` threw, or `signal`'s
   * reason; then nothing is stored.
   */
  put(source: AsyncIterable<Uint8Array>, meta: FileMeta, signal: AbortSignal): Promise<StoredFile>;
  /** Undefined: not there. */
  head(id: string): Promise<StoredFile | undefined>;
  /** The bytes, or a part that is within them. Whoever asked reads to the end or destroys. */
  get(id: string, range: ByteRange | undefined, signal: AbortSignal): Promise<Readable | undefined>;
  /** Whoever holds it. False: it was not there. Also clears what a removal that died left. */
  remove(id: string): Promise<boolean>;
  /** A session names the file from now on, and it stays as long as one does. False: it is not there. */
  hold(id: string, holder: string): Promise<boolean>;
  /** A session names it no more: it goes with the last. True: it went. */
  release(id: string, holder: string): Promise<boolean>;
  /** Undefined where browsers cannot reach the store by themselves. */
  readonly direct: DirectFiles | undefined;
}

/** What retention, erasure and quotas ask of a store. */
export interface FileUpkeep {
  ofOwner(owner: string): AsyncIterable<StoredFile>;
  /** Makes an owner's files another's; resolves with how many. It may be done again. */
  give(from: string, to: string): Promise<number>;
  /** Ids of files stored before that time, oldest first. */
  storedBefore(wallMs: number): AsyncIterable<string>;
  /** Removes all of an owner's files, also what is not accepted yet; resolves with how many. */
  removeOwner(owner: string): Promise<number>;
  /** Clears what uploads left that began before that time and never ended; resolves with how many. */
  sweep(wallMs: number): Promise<number>;
}

export type Disposition = "inline" | "attachment";

/** A request that a browser makes by itself. */
export interface DirectUpload {
  id: string;
  method: "PUT";
  url: string;
  /** To be sent along exactly. */
  headers: Readonly<Record<string, string>>;
}

/**
 * Uploads and downloads that go past this process. What was uploaded this way is no file yet: it is
 * `incoming` until it was looked at and accepted.
 */
export interface DirectFiles {
  /** A URL that takes exactly `bytes` bytes. */
  offer(owner: string, bytes: number, expiresInMs: number): Promise<DirectUpload>;
  /** Undefined: nothing came, or it is another owner's. `version` changes with each upload. */
  incoming(owner: string, id: string): Promise<{ bytes: number; version: string } | undefined>;
  open(owner: string, id: string, signal: AbortSignal): Promise<Readable | undefined>;
  /** Makes a file of it, if it is still that version; undefined if not. */
  accept(id: string, version: string, meta: FileMeta): Promise<StoredFile | undefined>;
  discard(owner: string, id: string): Promise<void>;
  /** A URL that gives the file, as `disposition` says; what may not be shown is saved all the same. */
  link(file: StoredFile, disposition: Disposition, expiresInMs: number): Promise<string>;
}
