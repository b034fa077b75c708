import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { ownerKey, timeOfId } from "./file-id.ts";
import type { FileMeta, StoredFile } from "./ports.ts";

export const objectKey = (id: string) => `objects/${id}`;
export const incomingKey = (owner: string, id: string) => `incoming/${ownerKey(owner)}/${id}`;
export const markKey = (owner: string, id: string) => `owners/${ownerKey(owner)}/${id}`;

/** Below it a mark of each session that names the file. */
export const holdersOf = (id: string) => `holders/${id}/`;

export function bare({ owner, name, type, kind }: FileMeta): FileMeta {
  return { owner, name, type, kind };
}

/** Metadata of S3 are header fields: other than ASCII is escaped. */
export function described({ owner, name, type, kind }: FileMeta) {
  const Metadata = { owner: encodeURIComponent(owner), name: encodeURIComponent(name), kind };
  return { ContentType: type, Metadata };
}

export function storedFile(id: string, found: HeadObjectCommandOutput): StoredFile {
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
