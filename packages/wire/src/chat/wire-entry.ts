import * as v from "valibot";
import { CHAT_LIMITS, count, Metadata, SenderWord, Versions } from "./values.ts";

const id = v.string();

/** How an answer of a model ended: only `complete` is all that it had to say. */
export const AnswerStatus = v.picklist(["complete", "stopped", "interrupted", "superseded"]);

export const WireAnswer = v.object({
  run_id: id,
  model_id: v.string(),
  reply_to: id,
  attempt: count,
  status: AnswerStatus,
  why: v.optional(v.string()),
  total_tokens: count,
  first_token_ms: v.optional(count),
  total_ms: count,
});

/** Of every entry: where it stands in the session's log, when and by whom it was said. */
const of = <const K extends string>(kind: K) => ({
  kind: v.literal(kind),
  origin: v.string(),
  number: count,
  /** Hybrid time: milliseconds x 1024 + counter. Greater is later, in every cluster. */
  hlc: count,
  timestamp: v.string(),
  /** Name of a message in every cluster; of other kinds, of the entry itself. */
  message_id: id,
  client_message_id: v.string(),
  sender: SenderWord,
  author_id: v.optional(v.string()),
});

/** An entry of a session's log as clients get it. */
export const WireEntry = v.variant("kind", [
  v.object({
    ...of("message"),
    message_type: v.picklist(["text", "file", "voice"]),
    content: v.string(),
    name: v.optional(v.string()),
    file: v.optional(
      v.object({
        file_id: v.pipe(v.string(), v.maxBytes(CHAT_LIMITS.fileId)),
        file_url: v.string(),
        name: v.optional(v.string()),
        content_type: v.optional(v.string()),
        bytes: v.optional(count),
      }),
    ),
    metadata: v.optional(Metadata),
    reply_to: v.optional(id),
    /** Admins' words among themselves: no user gets such an entry. */
    is_note: v.optional(v.boolean()),
    answer: v.optional(WireAnswer),
  }),
  v.object({ ...of("edit"), target_id: id, content: v.string() }),
  v.object({ ...of("delete"), target_id: id }),
  v.object({ ...of("reaction"), target_id: id, emoji: v.string(), on: v.boolean() }),
  v.object({
    ...of("receipt"),
    device_id: v.string(),
    delivered: v.optional(Versions),
    read: v.optional(Versions),
  }),
  v.object({
    ...of("control"),
    mode: v.picklist(["bot", "person"]),
    control_epoch: count,
    admin_id: v.optional(v.string()),
    admin_name: v.optional(v.string()),
    why: v.picklist(["takeover", "leave", "lease", "transfer"]),
  }),
  v.object({ ...of("opened"), model_id: v.optional(v.string()) }),
  v.object({ ...of("named"), name: v.string() }),
  v.object({ ...of("model"), model_id: v.string() }),
  v.object({ ...of("help"), open: v.boolean() }),
  v.object({ ...of("ended"), by: v.string() }),
  /** What this client may not see, so that its numbers have no hole. */
  v.object({ ...of("hidden") }),
]);
export type WireEntry = v.InferOutput<typeof WireEntry>;
