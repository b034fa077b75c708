import { Duration, option, secretOption, Size, switchOption, Text, urlOf } from "@warren/host";

/** Files: where they are, how large, and how long links to them are good. */
const files = {
  files: option({
    value: "<folder>",
    schema: Text,
    help: "Folder of uploaded files; `files` in the chat's data folder unless set.",
    names: { env: "FILES_FOLDER", toml: "files.folder" },
  }),
  s3Bucket: option({
    value: "<name>",
    schema: Text,
    help: "Bucket of uploaded files, instead of a folder.",
    names: { env: "S3_BUCKET", toml: "s3.bucket" },
  }),
  s3Endpoint: option({
    value: "<url>",
    schema: urlOf("https", "http"),
    help: "Where the bucket is served; AWS itself unless set.",
    names: { env: "S3_ENDPOINT", toml: "s3.endpoint" },
  }),
  s3Region: option({
    value: "<name>",
    schema: Text,
    default: "us-east-1",
    help: "The bucket's region.",
    names: { env: "S3_REGION", toml: "s3.region" },
  }),
  s3Prefix: option({
    value: "<text>",
    schema: Text,
    default: "chat-files/",
    help: "What every key in the bucket begins with.",
    names: { env: "S3_PREFIX", toml: "s3.prefix" },
  }),
  s3UsePathStyle: switchOption({
    help: "Names the bucket in the path and not in the host, as MinIO and others want it.",
    names: { env: "S3_USE_PATH_STYLE", toml: "s3.use_path_style" },
  }),
  s3Direct: switchOption({
    default: "true",
    help: "Browsers upload to the bucket and save from it by signed URLs of its own.",
    names: { env: "S3_DIRECT", toml: "s3.direct" },
  }),
  s3AccessKeyId: secretOption({
    help: "Who asks the bucket; the machine's or the pod's own role unless set.",
    names: { env: "S3_ACCESS_KEY_ID", toml: "s3.access_key_id" },
  }),
  s3SecretAccessKey: secretOption({
    help: "The secret of the access key.",
    names: { env: "S3_SECRET_ACCESS_KEY", toml: "s3.secret_access_key" },
  }),
  uploadMaxSize: option({
    value: "<size>",
    schema: Size,
    default: "100MiB",
    help: "The largest file.",
    names: { env: "UPLOAD_MAX_SIZE", toml: "files.max_size" },
  }),
  uploadQuota: option({
    value: "<size>",
    schema: Size,
    default: "1GiB",
    help: "All files of one user.",
    names: { env: "UPLOAD_QUOTA", toml: "files.quota" },
  }),
  filesLinkLife: option({
    value: "<duration>",
    schema: Duration,
    default: "12h",
    help: "A link to a file is good this long; whoever sees the session gets new ones.",
    names: { env: "FILES_LINK_LIFE", toml: "files.link_life" },
  }),
  filesForeignUrls: switchOption({
    help: "Frames may point to files on other public https addresses, not stored here.",
    names: { env: "FILES_FOREIGN_URLS", toml: "files.foreign_urls" },
  }),
};

/** Share links, and how long things are kept. */
const keeping = {
  shareLife: option({
    value: "<duration>",
    schema: Duration,
    default: "30d",
    help: "A share link is good this long unless its maker says otherwise.",
    names: { env: "SHARE_LIFE", toml: "share.life" },
  }),
  shareLongestLife: option({
    value: "<duration>",
    schema: Duration,
    default: "365d",
    help: "The longest that a maker may say.",
    names: { env: "SHARE_LONGEST_LIFE", toml: "share.longest_life" },
  }),
  retentionSessions: option({
    value: "<duration>",
    schema: Duration,
    help: "Sessions in which nothing was said for this long are erased; kept unless set.",
    names: { env: "RETENTION_SESSIONS", toml: "retention.sessions" },
  }),
  retentionFiles: option({
    value: "<duration>",
    schema: Duration,
    help: "Files this old are removed; kept as long as their sessions unless set.",
    names: { env: "RETENTION_FILES", toml: "retention.files" },
  }),
  retentionSweep: option({
    value: "<duration>",
    schema: Duration,
    default: "1h",
    help: "How often it is looked for what is too old.",
    names: { env: "RETENTION_SWEEP", toml: "retention.sweep" },
  }),
};

/** What the chat can be told of what sessions hold. */
export const contentOptions = { ...files, ...keeping };
export type ContentOptionTable = typeof contentOptions;
