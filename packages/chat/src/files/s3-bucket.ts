import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { Readable } from "node:stream";
import {
  classifyNetwork,
  classifyStatus,
  OPERATIONS,
  type FailureKind,
  type Guard,
} from "@warren/host";
import type { ByteRange } from "./ports.ts";

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface S3Options {
  /** Undefined: AWS itself. */
  endpoint: string | undefined;
  region: string;
  bucket: string;
  /** Before every key; empty, or with a slash at its end. */
  prefix: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`, as MinIO and others want it. */
  pathStyle: boolean;
  /** Read again when they are some minutes old; undefined: as AWS's own chain finds them (a role). */
  credentials: (() => Promise<S3Credentials>) | undefined;
  /** Of a multipart upload; two are held at once. S3 takes no less than 5 MiB. */
  partBytes: number;
}

interface ObjectDescription {
  ContentType: string;
  Metadata: Record<string, string>;
}

/** What was read is believed for this long: a mounted Secret that is renewed counts by then. */
const CREDENTIALS_MS = 600_000;
/** A connection on which nothing moves: a reader who pauses longer asks again for the rest. */
const SILENCE_MS = 120_000;

/** A bucket below its prefix, each of whose requests goes through the guard. Keys are without the prefix. */
export class Bucket {
  readonly client: S3Client;
  readonly #name: string;
  readonly #prefix: string;

  constructor(options: S3Options, { guard, wallNow }: { guard: Guard; wallNow: () => number }) {
    this.client = guarded(openClient(options, wallNow), guard);
    this.#name = options.bucket;
    this.#prefix = options.prefix;
  }

  /** What names an object in commands. */
  at(key: string) {
    return { Bucket: this.#name, Key: `${this.#prefix}${key}` };
  }
  /** The same as the source of a copy, which goes into a header field as it is: percent-encoded. */
  source(key: string): string {
    const path = `${this.#name}/${this.#prefix}${key}`;
    return path.split("/").map(encodeURIComponent).join("/");
  }

  /** Undefined: not there. */
  head(key: string) {
    return orAbsent(this.client.send(new HeadObjectCommand(this.at(key))));
  }
  /** An object without bytes. */
  async mark(key: string): Promise<void> {
    await this.client.send(new PutObjectCommand({ ...this.at(key), Body: new Uint8Array() }));
  }
  /** The same object under other metadata. */
  async describe(key: string, description: ObjectDescription): Promise<void> {
    const CopySource = this.source(key);
    const MetadataDirective = "REPLACE";
    const copy = { ...this.at(key), ...description, CopySource, MetadataDirective } as const;
    await this.client.send(new CopyObjectCommand(copy));
  }
  async delete(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand(this.at(key)));
  }

  async open(key: string, range: ByteRange | undefined, signal: AbortSignal) {
    const Range = range && `bytes=${range.first}-${range.last}`;
    const get = new GetObjectCommand({ ...this.at(key), ...(Range !== undefined && { Range }) });
    const found = await orAbsent(this.client.send(get));
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

  /** Without the prefix, sorted. */
  async *keys(folder: string): AsyncGenerator<string> {
    let StartAfter: string | undefined;
    for (;;) {
      const page = await this.client.send(
        new ListObjectsV2Command({
          Bucket: this.#name,
          Prefix: `${this.#prefix}${folder}`,
          ...(StartAfter !== undefined && { StartAfter }),
        }),
      );
      for (const { Key = "" } of page.Contents ?? []) yield Key.slice(this.#prefix.length);
      StartAfter = page.Contents?.at(-1)?.Key;
      if (page.IsTruncated !== true || StartAfter === undefined) return;
    }
  }

  /** A URL for whoever has it. `signed` are header fields that it has to come with. */
  signed(
    command: GetObjectCommand | PutObjectCommand,
    when: { wallMs: number; expiresInMs: number },
    signed: readonly string[],
  ): Promise<string> {
    return getSignedUrl(this.client, command, {
      expiresIn: Math.max(1, Math.floor(when.expiresInMs / 1000)),
      signingDate: new Date(when.wallMs),
      signableHeaders: new Set(["host", ...signed]),
      unhoistableHeaders: new Set(signed),
    });
  }
}

function openClient(
  { endpoint, region, pathStyle, credentials }: S3Options,
  wallNow: () => number,
): S3Client {
  const asked = async () => ({
    ...(await credentials!()),
    expiration: new Date(wallNow() + CREDENTIALS_MS),
  });
  return new S3Client({
    region,
    forcePathStyle: pathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials: asked }),
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

export function isStatus(error: unknown, status: number): boolean {
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
