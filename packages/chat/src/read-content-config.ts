import { join } from "node:path";
import type { ConfigOf, Secret } from "@warren/host";
import type { ChatConfig } from "./config.ts";
import type { ContentOptionTable } from "./content-options.ts";
import type { FilesConfig } from "./files/files-config.ts";
import { isPlaceholder } from "./keys/placeholder.ts";

/** The pair that a bucket is asked with; both, or neither. */
export interface BucketKeys {
  id: Secret | undefined;
  secret: Secret | undefined;
}

export const NO_BUCKET_KEYS: BucketKeys = Object.freeze({ id: undefined, secret: undefined });

type Said = ConfigOf<ContentOptionTable>;

/** Of an S3 multipart upload: two parts are held for each upload. */
const PART_BYTES = 8 * 1_048_576;
/** A round costs a look at the oldest of everything. */
const SHORTEST_SWEEP_MS = 1_000;

/** What is wrong with what was said of files, shares and keeping, under the names that were typed. */
export function contentProblems(said: Said, keys: BucketKeys): string[] {
  const { s3Bucket, s3Endpoint, files } = said;
  const isPair = (keys.id === undefined) === (keys.secret === undefined);
  const wantsBucket = s3Endpoint !== undefined || keys.id !== undefined;
  const isInOrder = said.shareLife <= said.shareLongestLife;
  return [
    isPair ? "" : "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY: set both, or neither",
    wantsBucket && s3Bucket === undefined ? "S3_BUCKET: needed with the other S3 settings" : "",
    files !== undefined && s3Bucket !== undefined ? "FILES_FOLDER and S3_BUCKET: set one" : "",
    s3Bucket !== undefined && isPlaceholder(s3Bucket) ? "S3_BUCKET: still the placeholder" : "",
    said.uploadMaxSize > 0 ? "" : "UPLOAD_MAX_SIZE: must be more than 0",
    said.filesLinkLife >= 1_000 ? "" : "FILES_LINK_LIFE: must be a second at least",
    said.shareLife >= 60_000 ? "" : "SHARE_LIFE: must be a minute at least",
    isInOrder ? "" : "SHARE_LIFE: must not be longer than SHARE_LONGEST_LIFE",
    said.retentionSweep >= SHORTEST_SWEEP_MS ? "" : "RETENTION_SWEEP: must be a second at least",
    said.retentionSessions === 0 ? "RETENTION_SESSIONS: 0 would erase everything at once" : "",
    said.retentionFiles === 0 ? "RETENTION_FILES: 0 would remove everything at once" : "",
  ].filter((problem) => problem !== "");
}

/** `folder`: the chat's own. */
export function contentConfig(
  said: Said,
  { folder, bucketKeys }: { folder: string; bucketKeys: BucketKeys },
): Pick<ChatConfig, "files" | "shares" | "retention"> {
  return {
    files: {
      store: storeOf(said, folder, bucketKeys),
      mostBytes: said.uploadMaxSize,
      quotaBytes: said.uploadQuota,
      linkMs: said.filesLinkLife,
      allowForeign: said.filesForeignUrls,
    },
    shares: { lifeMs: said.shareLife, longestMs: said.shareLongestLife },
    retention: {
      sessionsMs: said.retentionSessions,
      filesMs: said.retentionFiles,
      everyMs: said.retentionSweep,
    },
  };
}

function storeOf(said: Said, folder: string, { id, secret }: BucketKeys): FilesConfig["store"] {
  const { files, s3Bucket: bucket, s3Endpoint, s3Region, s3Prefix, s3UsePathStyle } = said;
  if (bucket === undefined) return { kind: "folder", folder: files ?? join(folder, "files") };
  const credentials =
    id === undefined || secret === undefined
      ? undefined
      : async () => ({ accessKeyId: await id.read(), secretAccessKey: await secret.read() });
  const options = {
    endpoint: s3Endpoint?.href,
    region: s3Region,
    bucket,
    prefix: s3Prefix,
    pathStyle: s3UsePathStyle,
    credentials,
    partBytes: PART_BYTES,
  };
  return { kind: "s3", options, isDirect: said.s3Direct };
}
