import * as v from "valibot";
import { ok, type Operation, type Operations, type Parameter } from "../documents/operation.ts";

const text = v.optional(v.string());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A file that is stored, with a link for its owner. */
export const UploadedFile = v.object({
  file_id: v.string(),
  file_url: v.string(),
  /** When the link ends, RFC 3339. */
  expires_at: v.string(),
  name: v.string(),
  content_type: v.string(),
  bytes: count,
  stored_at: v.string(),
});
const Offer = v.object({
  upload_id: v.string(),
  method: v.string(),
  url: v.string(),
  headers: v.record(v.string(), v.string()),
});

const query = (description: string): Parameter => ({ in: "query", description, schema: text });
const LINK = {
  e: query("When the link ends."),
  s: query("For whom it was made."),
  d: query("inline or attachment."),
  k: query("Its signature."),
};

const upload: Operation = {
  summary:
    "Stores a file: of a form's part `file`, or the body itself. It is streamed, and checked on the way.",
  audience: "user",
  parameters: {
    session_id: query("Where it will be sent: one's own, or not begun yet."),
    name: query("Where the body is the file."),
    kind: query("file or voice, where the body is the file."),
  },
  body: { media: "multipart/form-data", description: "A form with a part `file`." },
  answers: ok("It is stored.", UploadedFile),
  errors: [
    "BAD_REQUEST",
    "NOT_FOUND",
    "INVALID_FILE_SIZE",
    "INVALID_FILE_TYPE",
    "RATE_LIMITED",
    "STORAGE_ERROR",
  ],
};

export const fileOperations: Operations = {
  "POST /upload": upload,
  "POST /uploads": {
    summary: "Asks for an address to put a file at, where the store takes files itself.",
    audience: "user",
    parameters: { session_id: query("Where it will be sent.") },
    body: { json: v.object({ bytes: v.pipe(v.number(), v.integer(), v.minValue(1)) }) },
    answers: ok("Where it is to be put, and how.", Offer),
    errors: ["BAD_REQUEST", "NOT_FOUND", "INVALID_FILE_SIZE", "RATE_LIMITED", "STORAGE_ERROR"],
  },
  "POST /uploads/:id/complete": {
    summary: "Says that it was put there: it is checked, and a file from then on.",
    audience: "user",
    parameters: {},
    body: {
      json: v.object({ name: v.string(), kind: v.optional(v.picklist(["file", "voice"]), "file") }),
    },
    answers: ok("It is stored.", UploadedFile),
    errors: ["BAD_REQUEST", "NOT_FOUND", "INVALID_FILE_TYPE", "RATE_LIMITED", "STORAGE_ERROR"],
  },
  "GET /files": {
    summary: "One's own files, a thousand at most.",
    audience: "user",
    parameters: {},
    body: undefined,
    answers: ok(
      "The files.",
      v.strictObject({ files: v.array(UploadedFile), count, truncated: v.boolean() }),
    ),
    errors: ["STORAGE_ERROR"],
  },
  "GET /files/:id": {
    summary: "A file, for whoever has a link to it. Ranges and conditions are heeded.",
    audience: "everybody",
    parameters: LINK,
    body: undefined,
    answers: {
      200: {
        description: "The file.",
        body: { media: "application/octet-stream", description: "As its own type." },
      },
      206: {
        description: "A part of it.",
        body: { media: "application/octet-stream", description: "As its own type." },
      },
      302: { description: "It is to be had from the store.", body: undefined },
      304: { description: "It is as it was.", body: undefined },
    },
    errors: ["NOT_FOUND", "GONE", "STORAGE_ERROR"],
  },
  "DELETE /files/:id": {
    summary: "Removes a file of one's own.",
    audience: "user",
    parameters: {},
    body: undefined,
    answers: ok("It is gone.", v.strictObject({ status: v.literal("removed") })),
    errors: ["NOT_FOUND", "RATE_LIMITED", "STORAGE_ERROR"],
  },
  "POST /files/:id/link": {
    summary: "A new link for an old one, for whoever may see what it was made for.",
    audience: "user",
    parameters: LINK,
    body: undefined,
    answers: ok("The link.", v.strictObject({ file_url: v.string(), expires_at: v.string() })),
    errors: ["NOT_FOUND", "RATE_LIMITED"],
  },
};

/** Beside the prefix. */
export const rootFileOperations: Operations = { "POST /api/upload": upload };
