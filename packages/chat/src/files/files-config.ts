import type { S3Options } from "./s3-bucket.ts";

/** Where files are, and their bounds. */
export interface FilesConfig {
  readonly store:
    | { readonly kind: "folder"; readonly folder: string }
    | {
        readonly kind: "s3";
        readonly options: S3Options;
        /** Browsers upload to the bucket and download from it by URLs that it checks itself. */
        readonly isDirect: boolean;
      };
  /** Of one file, and of all of one user. */
  readonly mostBytes: number;
  readonly quotaBytes: number;
  /** How long a link to a file is good. */
  readonly linkMs: number;
  /** Frames may point to files that are elsewhere. */
  readonly allowForeign: boolean;
}
