import { BREAKERS, guard, GuardMetrics, randomId } from "@warren/host";
import type { ChatDeps } from "../chat-deps.ts";
import type { FilesConfig } from "./files-config.ts";
import { FolderFiles } from "./folder-files.ts";
import type { Files, FileUpkeep } from "./ports.ts";
import { classifyS3 } from "./s3-bucket.ts";
import { S3Files } from "./s3-files.ts";

const randomHex = (bytes: number) => randomId(bytes, "hex");

/** The store of files that was configured. A folder is made; a bucket is not asked for anything yet. */
export function openFiles({ store }: FilesConfig, deps: ChatDeps): Files & FileUpkeep {
  const own = { wallNow: deps.wallClock, randomHex };
  if (store.kind === "folder") return new FolderFiles(store.folder, own);
  const { clock, random, log } = deps;
  const metrics = new GuardMetrics(deps.metrics);
  const options = { breaker: BREAKERS.other, classify: classifyS3 };
  return new S3Files(store.options, {
    ...own,
    guard: guard("s3", options, { clock, random, log, metrics }),
  });
}
