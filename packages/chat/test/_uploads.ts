import { promMetrics } from "@warren/host";
import { recordingLog, virtualClock } from "@warren/host/testing";
import type { ChatError } from "@warren/wire";
import { FileEvents } from "../src/files/events.ts";
import type { Files, FileUpkeep } from "../src/files/ports.ts";
import { storedQuota } from "../src/files/quota.ts";
import { UPLOADS, Uploads, type Upload, type UploadsOptions } from "../src/files/uploads.ts";
import { chunks } from "./_files.ts";

export const NEVER = new AbortController().signal;
export const PNG = Buffer.concat([
  Buffer.from("89504e470d0a1a0a0000000d4948445200000001000000010806000000", "hex"),
  Buffer.alloc(500),
]);
export const WEBM = Buffer.concat([
  Buffer.from("1a45dfa39f4286810142f7810142f2810442f381084282847765626d", "hex"),
  Buffer.alloc(500),
]);
const ALICE: Upload = {
  owner: "user:alice",
  name: "secret-name.png",
  kind: "file",
  declaredBytes: undefined,
  source: chunks(""),
};

export function uploading(
  files: Files & FileUpkeep,
  more: Partial<UploadsOptions> = {},
  mostStored = 1e9,
) {
  const clock = virtualClock();
  const log = recordingLog();
  const metrics = promMetrics();
  const events = new FileEvents(log, metrics);
  const options = { mostBytes: mostStored, believedMs: 60_000, mostOwners: 100 };
  const quota = storedQuota(files, options, () => clock.now());
  const uploads = new Uploads({ ...UPLOADS, ...more }, { files, quota, clock, events });
  const send = (upload: Partial<Upload>, signal = NEVER) =>
    uploads.receive({ ...ALICE, ...upload }, signal);
  return { clock, log, metrics, events, uploads, send };
}
export const refusal = (upload: Promise<unknown>) =>
  upload.then(
    () => undefined,
    (error: unknown) => error as ChatError,
  );
