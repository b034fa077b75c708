import { loadConfig, Secret } from "@warren/host";
import { describe, expect, test } from "vitest";
import { contentOptions } from "./content-options.ts";
import { contentConfig, contentProblems, NO_BUCKET_KEYS } from "./read-content-config.ts";

const KEYS = { id: Secret.text("S3_ACCESS_KEY_ID", "id"), secret: Secret.text("S", "secret") };

function said(env: Record<string, string>) {
  const loaded = loadConfig(contentOptions, { argv: [], env, file: undefined, all: [] });
  if (!loaded.ok) throw new Error(loaded.problems.join());
  return loaded.config;
}

describe("what is refused", () => {
  test.each([
    {
      name: "half a pair",
      env: { S3_BUCKET: "b" },
      keys: { ...KEYS, secret: undefined },
      problem: "set both",
    },
    { name: "keys without a bucket", env: {}, keys: KEYS, problem: "S3_BUCKET: needed" },
    {
      name: "an endpoint without a bucket",
      env: { S3_ENDPOINT: "http://minio:9000" },
      problem: "S3_BUCKET: needed",
    },
    { name: "two places", env: { S3_BUCKET: "b", FILES_FOLDER: "f" }, problem: "set one" },
    {
      name: "a template's bucket",
      env: { S3_BUCKET: "your-actual-s3-bucket-name" },
      problem: "placeholder",
    },
    { name: "files without a byte", env: { UPLOAD_MAX_SIZE: "0" }, problem: "UPLOAD_MAX_SIZE" },
    {
      name: "links that are over at once",
      env: { FILES_LINK_LIFE: "0" },
      problem: "FILES_LINK_LIFE",
    },
    {
      name: "shares beyond the longest",
      env: { SHARE_LIFE: "400d" },
      problem: "SHARE_LONGEST_LIFE",
    },
    { name: "shares that are over at once", env: { SHARE_LIFE: "0" }, problem: "SHARE_LIFE" },
    {
      name: "a policy that erases everything",
      env: { RETENTION_SESSIONS: "0" },
      problem: "RETENTION_SESSIONS",
    },
    {
      name: "one that removes every file",
      env: { RETENTION_FILES: "0" },
      problem: "RETENTION_FILES",
    },
    { name: "sweeps without a pause", env: { RETENTION_SWEEP: "0" }, problem: "RETENTION_SWEEP" },
  ] as const)("$name", (row) => {
    const keys = "keys" in row ? row.keys : NO_BUCKET_KEYS;
    const problems = contentProblems(said({ ...row.env }), keys);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(row.problem);
  });
});

test("nothing said: files are in the chat's folder, 100 MiB each, and nothing is removed", () => {
  const config = said({});
  expect(contentProblems(config, NO_BUCKET_KEYS)).toEqual([]);
  expect(contentConfig(config, { folder: "/data/chat", bucketKeys: NO_BUCKET_KEYS })).toMatchObject(
    {
      files: {
        store: { kind: "folder", folder: "/data/chat/files" },
        mostBytes: 104_857_600,
        allowForeign: false,
      },
      retention: { sessionsMs: undefined, filesMs: undefined },
    },
  );
});

test("a bucket is asked with what the secrets say at that moment", async () => {
  const config = said({ S3_BUCKET: "b", S3_ENDPOINT: "http://minio:9000" });
  const { files } = contentConfig(config, { folder: "/data/chat", bucketKeys: KEYS });
  if (files.store.kind !== "s3") throw new Error("no bucket");
  expect(files.store.isDirect).toBe(true);
  expect(await files.store.options.credentials!()).toEqual({
    accessKeyId: "id",
    secretAccessKey: "secret",
  });
});
