import { BREAKERS, randomId } from "@warren/host";
import type { Guards } from "../guards.ts";
import type { FilesConfig } from "./files-config.ts";
import { FolderFiles } from "./folder-files.ts";
import type { Files, FileUpkeep } from "./ports.ts";

const randomHex = (bytes: number) => randomId(bytes, "hex");

export interface OpenFilesDeps {
  /** Epoch milliseconds. */
  wallClock: () => number;
  guards: Guards;
}

/** The store of files that was configured. A folder is made; a bucket is not asked for anything yet. */
export async function openFiles(
  { store }: FilesConfig,
  { wallClock: wallNow, guards }: OpenFilesDeps,
): Promise<Files & FileUpkeep> {
  if (store.kind === "folder") return new FolderFiles(store.folder, { wallNow, randomHex });
  // The SDK takes a quarter of a second to load, which only those pay who have a bucket.
  const { S3Files, classifyS3 } = await import("./s3-files.ts");
  const guard = guards("s3", BREAKERS.other, classifyS3);
  return new S3Files(store.options, { wallNow, randomHex, guard });
}
