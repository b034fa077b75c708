/**
 * What the service says in the chatbox dialect. A client that said `hello` gets every stored thing as an
 * `entry` and every answer as `run_*` frames; one that did not gets the classic frames, with the same
 * ids added to them.
 */
import * as v from "valibot";
import { CHAT_CODES, type ChatErrorCode } from "./errors.ts";
import { count, Metadata, SenderWord, Versions } from "./values.ts";
import { AnswerStatus, WireEntry } from "./wire-entry.ts";

/** The protocol that `hello` speaks of. */
export const CHAT_PROTOCOL = 1;

const session_id = v.string();
const timestamp = v.string();
const envelope = { session_id: v.optional(session_id), timestamp, sender: SenderWord };
/** Of what is stored: with these a client knows what it has. */
const stored = {
  ...envelope,
  message_id: v.optional(v.string()),
  client_message_id: v.optional(v.string()),
  origin: v.optional(v.string()),
  number: v.optional(count),
  hlc: v.optional(count),
};
const file = {
  ...stored,
  content: v.optional(v.string()),
  file_id: v.string(),
  file_url: v.string(),
  metadata: v.optional(Metadata),
};
const code = v.picklist(Object.keys(CHAT_CODES) as ChatErrorCode[]);

export const Model = v.object({ id: v.string(), name: v.string() });
/** An answer that is being written: `text` is all of it from `at`, a character, on. */
export const RunState = v.object({
  run_id: v.string(),
  message_id: v.string(),
  reply_to: v.string(),
  model_id: v.string(),
  attempt: count,
  control_epoch: count,
  at: count,
  text: v.string(),
});
const SessionState = v.object({
  session_id,
  /** The id that the client said, where the session that it means has another. */
  asked: v.optional(session_id),
  /** `snapshot`: older entries than these exist, and were not sent. */
  mode: v.picklist(["delta", "snapshot"]),
  entries: v.array(WireEntry),
  versions: Versions,
  older: v.optional(Versions),
  runs: v.array(RunState),
});

export const SERVER_FRAMES = {
  connection_status: v.object({
    type: v.literal("connection_status"),
    ...envelope,
    user_id: v.optional(v.string()),
    content: v.optional(v.string()),
    models: v.optional(v.array(Model)),
    model_id: v.optional(v.string()),
    protocol: v.optional(count),
  }),
  loading: v.object({ type: v.literal("loading"), ...envelope }),
  user_message: v.object({
    type: v.literal("user_message"),
    ...stored,
    content: v.string(),
    metadata: v.optional(Metadata),
  }),
  ai_response: v.object({
    type: v.literal("ai_response"),
    ...stored,
    content: v.optional(v.string()),
    model_id: v.optional(v.string()),
    run_id: v.optional(v.string()),
    metadata: v.optional(Metadata),
  }),
  file_upload: v.object({ type: v.literal("file_upload"), ...file }),
  voice_message: v.object({ type: v.literal("voice_message"), ...file }),
  admin_join: v.object({
    type: v.literal("admin_join"),
    ...stored,
    content: v.string(),
    metadata: v.optional(Metadata),
  }),
  admin_leave: v.object({
    type: v.literal("admin_leave"),
    ...stored,
    content: v.string(),
    metadata: v.optional(Metadata),
  }),
  notification: v.object({ type: v.literal("notification"), ...envelope, content: v.string() }),
  error: v.object({
    type: v.literal("error"),
    ...envelope,
    /** What was refused, where the client had named it. */
    client_message_id: v.optional(v.string()),
    error: v.object({
      code,
      message: v.string(),
      /** The socket stays, and the client may go on. */
      recoverable: v.boolean(),
      /** Milliseconds. */
      retry_after: v.optional(count),
    }),
  }),

  message_ack: v.object({
    type: v.literal("message_ack"),
    session_id,
    client_message_id: v.string(),
    message_id: v.string(),
    origin: v.string(),
    number: count,
    hlc: count,
    /** `sent`: durable where it was accepted. */
    status: v.literal("sent"),
    timestamp,
  }),
  hello: v.object({
    type: v.literal("hello"),
    protocol: count,
    connection_id: v.string(),
    /** Say something at least this often, milliseconds; the service does too. */
    heartbeat_ms: count,
  }),
  entry: v.object({ type: v.literal("entry"), session_id, entry: WireEntry }),
  resumed: v.object({ type: v.literal("resumed"), sessions: v.array(SessionState) }),
  messages: v.object({
    type: v.literal("messages"),
    session_id,
    entries: v.array(WireEntry),
    older: v.optional(Versions),
  }),
  run_start: v.object({ type: v.literal("run_start"), session_id, run: RunState }),
  run_delta: v.object({
    type: v.literal("run_delta"),
    session_id,
    run_id: v.string(),
    attempt: count,
    /** Characters before this text: at the end of what one has it is added, before it dropped. */
    at: count,
    text: v.string(),
  }),
  run_end: v.object({
    type: v.literal("run_end"),
    session_id,
    run_id: v.string(),
    status: AnswerStatus,
    why: v.optional(v.string()),
  }),
  typing: v.object({
    type: v.literal("typing"),
    session_id,
    sender: SenderWord,
    name: v.optional(v.string()),
    on: v.boolean(),
  }),
  /** Who follows the session, whenever it changes, and with each `resume`. */
  presence: v.object({
    type: v.literal("presence"),
    session_id,
    user_online: v.boolean(),
    /** Some admin is there. */
    admin_online: v.boolean(),
    /** At most 20 of them; a user is told of the one who answers here, and of no other. */
    admins: v.optional(v.array(v.object({ id: v.string(), name: v.string() }))),
  }),
  /** The session's place among those that wait for a person, whenever it changes. */
  queue: v.object({
    type: v.literal("queue"),
    session_id,
    /** From 1; 0: it waits no more. */
    position: count,
    /** How many wait. */
    waiting: count,
    since: v.optional(timestamp),
  }),
  /** The socket follows too many sessions, and this one no more: a `resume` follows it again. */
  unfollowed: v.object({ type: v.literal("unfollowed"), session_id }),
  migration: v.object({
    type: v.literal("migration"),
    reason: v.picklist(["draining", "moving"]),
    /** Come back after this long, so that not all do at once. */
    reconnect_after_ms: count,
    timestamp,
  }),
  auth_success: v.object({ type: v.literal("auth_success"), expires_at: timestamp }),
  pong: v.object({ type: v.literal("pong"), timestamp }),
  heartbeat_ack: v.object({ type: v.literal("heartbeat_ack"), server_time: count }),
} as const;

export type ServerFrameType = keyof typeof SERVER_FRAMES;
export type ServerFrames = {
  [T in ServerFrameType]: v.InferOutput<(typeof SERVER_FRAMES)[T]>;
};
export type ServerFrame = ServerFrames[ServerFrameType];
export type RunState = v.InferOutput<typeof RunState>;
