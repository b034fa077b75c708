import { expect, test } from "vitest";
import { fileOrigins } from "./file-origins.ts";

const options = {
  endpoint: undefined,
  region: "eu-west-1",
  bucket: "chat-files",
  prefix: "",
  pathStyle: false,
  credentials: undefined,
  partBytes: 5_242_880,
};
const minio = { ...options, endpoint: "http://minio.local:9000" };

test.each([
  { name: "a folder", store: { kind: "folder", folder: "files" }, want: [] },
  {
    name: "a bucket behind the service",
    store: { kind: "s3", options, isDirect: false },
    want: [],
  },
  {
    name: "a bucket at AWS",
    store: { kind: "s3", options, isDirect: true },
    want: ["https://chat-files.s3.eu-west-1.amazonaws.com"],
  },
  {
    name: "a bucket of another's",
    store: { kind: "s3", options: minio, isDirect: true },
    want: ["http://chat-files.minio.local:9000"],
  },
  {
    name: "a bucket in the path",
    store: { kind: "s3", options: { ...minio, pathStyle: true }, isDirect: true },
    want: ["http://minio.local:9000"],
  },
] as const)("files of $name are at $want", ({ store, want }) => {
  expect(fileOrigins({ store })).toEqual(want);
});
