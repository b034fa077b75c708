import { randomBytes } from "node:crypto";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "s3rver";
import { FolderFiles } from "../src/files/folder-files.ts";
import { classifyS3 } from "../src/files/s3-bucket.ts";
import { S3Files } from "../src/files/s3-files.ts";
import { guards } from "./_guards.ts";

/** What the stores take for now; moved by tests. */
export class Wall {
  ms = Date.parse("2026-05-01T10:00:00Z");
  readonly now = () => this.ms;
}
export const randomHex = (bytes: number) => randomBytes(bytes).toString("hex");

export async function folderStore(wall = new Wall()) {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-files-"));
  const files = new FolderFiles(folder.path, { wallNow: wall.now, randomHex });
  return { files, path: folder.path, [Symbol.asyncDispose]: async () => folder.remove() };
}

/** A server that speaks S3, with a bucket. */
export async function s3Server() {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-s3-"));
  const server = new S3rver({
    port: 0,
    address: "127.0.0.1",
    directory: folder.path,
    silent: true,
    configureBuckets: [{ name: "chat-files", configs: [] }],
  });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.httpServer.closeAllConnections();
      await server.close();
      folder.remove();
    },
  };
}

export async function s3Store(wall = new Wall()) {
  const server = await s3Server();
  const files = s3Files(server.endpoint, wall);
  return { files, ...server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

export function s3Files(endpoint: string, wall: Wall): S3Files {
  const options = {
    endpoint,
    region: "us-east-1",
    bucket: "chat-files",
    // Whatever an operator calls it.
    prefix: "文 件/",
    pathStyle: true,
    // s3rver's own.
    credentials: async () => ({ accessKeyId: "S3RVER", secretAccessKey: "S3RVER" }),
    partBytes: 5 * 1_048_576,
  };
  const guard = guards()("s3", classifyS3);
  return new S3Files(options, { guard, wallNow: wall.now, randomHex });
}

/** `bytes` of them, in chunks as a socket gives them. */
export async function* chunks(bytes: Uint8Array | string, size = 65_536): AsyncGenerator<Buffer> {
  const all = Buffer.from(bytes);
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}

export async function bytesOf(source: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const got: Uint8Array[] = [];
  for await (const chunk of source ?? []) got.push(chunk);
  return Buffer.concat(got);
}

export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const one of source) got.push(one);
  return got;
}
