/**
 * What a client of the chat says, in the chatbox dialect: one JSON object in each text frame. A client
 * that knows only the first five types works; everything else is additive. Unknown fields are ignored.
 */
import * as v from "valibot";
import {
  CHAT_LIMITS,
  ClientMessageId,
  count,
  DeviceId,
  maybe,
  MessageId,
  Metadata,
  SenderWord,
  SessionId,
  someText,
  text,
  Timestamp,
  Versions,
} from "./values.ts";

/** What every frame may carry. The session is the socket's own where none is named. */
const envelope = {
  session_id: maybe(SessionId),
  timestamp: maybe(Timestamp),
  /** Said by clients, and not believed: the token decides. */
  sender: maybe(SenderWord),
};
/** What a thing that is stored may carry. */
const stored = {
  ...envelope,
  /** Chosen by the client, the same for each try: with it a message is stored once. */
  client_message_id: maybe(ClientMessageId),
  /** The highest time that the client has seen in the session. */
  seen: maybe(count),
};
const message = {
  ...stored,
  reply_to: maybe(MessageId),
  metadata: maybe(Metadata),
};
const file = {
  ...message,
  file_id: someText(CHAT_LIMITS.fileId),
  file_url: someText(CHAT_LIMITS.fileUrl),
  content: v.optional(text(CHAT_LIMITS.content), ""),
  /** More of the same message follows: it is answered with the last of its files. */
  more: v.optional(v.boolean(), false),
};
const model_id = someText(CHAT_LIMITS.modelId);

export const CLIENT_FRAMES = {
  user_message: v.object({
    type: v.literal("user_message"),
    ...message,
    content: someText(CHAT_LIMITS.content),
    model_id: maybe(model_id),
  }),
  model_select: v.object({ type: v.literal("model_select"), ...stored, model_id }),
  help_request: v.object({
    type: v.literal("help_request"),
    ...stored,
    content: v.optional(text(CHAT_LIMITS.content), ""),
  }),
  file_upload: v.object({ type: v.literal("file_upload"), ...file }),
  voice_message: v.object({ type: v.literal("voice_message"), ...file }),

  /** First, by a client that wants entries instead of the classic frames. */
  hello: v.object({
    type: v.literal("hello"),
    ...envelope,
    device_id: maybe(DeviceId),
    protocol: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
  /** Where the client stands in its sessions: what it lacks follows, and then what comes. */
  resume: v.object({
    type: v.literal("resume"),
    ...envelope,
    device_id: maybe(DeviceId),
    sessions: v.pipe(
      v.array(v.object({ session_id: SessionId, versions: v.optional(Versions, {}) })),
      v.maxLength(CHAT_LIMITS.sessions),
    ),
  }),
  /** Older entries than those that a snapshot had. */
  history: v.object({
    type: v.literal("history"),
    ...envelope,
    before: Versions,
    limit: v.optional(v.pipe(count, v.minValue(1), v.maxValue(300)), 100),
  }),
  retransmit: v.object({
    type: v.literal("retransmit"),
    ...envelope,
    origin: maybe(v.pipe(v.string(), v.maxBytes(255))),
    from_sequence: v.pipe(count, v.minValue(1)),
    to_sequence: v.pipe(count, v.minValue(1)),
  }),
  edit: v.object({
    type: v.literal("edit"),
    ...stored,
    message_id: MessageId,
    content: someText(CHAT_LIMITS.content),
  }),
  delete: v.object({ type: v.literal("delete"), ...stored, message_id: MessageId }),
  reaction: v.object({
    type: v.literal("reaction"),
    ...stored,
    message_id: MessageId,
    emoji: someText(CHAT_LIMITS.emoji),
    on: v.optional(v.boolean(), true),
  }),
  /** The session is over: nothing more is said in it. */
  end_session: v.object({ type: v.literal("end_session"), ...stored }),
  typing: v.object({
    type: v.literal("typing"),
    ...envelope,
    on: v.optional(v.boolean(), true),
  }),
  /** What this device has, and what its person has seen. */
  delivery_ack: v.object({ type: v.literal("delivery_ack"), ...envelope, versions: Versions }),
  read_receipt: v.object({ type: v.literal("read_receipt"), ...envelope, versions: Versions }),
  /** Ends an answer that is being written, from any device. */
  stop: v.object({ type: v.literal("stop"), ...envelope, run_id: maybe(MessageId) }),
  /** Another answer to the same message, or the rest of one that broke off. */
  regenerate: v.object({ type: v.literal("regenerate"), ...envelope, message_id: MessageId }),
  continue: v.object({ type: v.literal("continue"), ...envelope, message_id: MessageId }),
  /** The text of an answer that is being written, from a character on. */
  run_get: v.object({
    type: v.literal("run_get"),
    ...envelope,
    run_id: MessageId,
    from: v.optional(count, 0),
  }),
  /** A fresh token for a live socket. */
  auth: v.object({ type: v.literal("auth"), ...envelope, token: someText(8_192) }),
  ping: v.object({ type: v.literal("ping"), ...envelope }),
  heartbeat: v.object({ type: v.literal("heartbeat"), ...envelope }),

  /** Admins alone, of a session that somebody else owns. */
  admin_join: v.object({ type: v.literal("admin_join"), ...stored }),
  admin_leave: v.object({ type: v.literal("admin_leave"), ...stored }),
  /** Hands the session to another admin. */
  admin_transfer: v.object({
    type: v.literal("admin_transfer"),
    ...stored,
    admin_id: someText(255),
    admin_name: maybe(text(100)),
  }),
  note: v.object({
    type: v.literal("note"),
    ...stored,
    content: someText(CHAT_LIMITS.content),
  }),
} as const;

export type ClientFrameType = keyof typeof CLIENT_FRAMES;
export type ClientFrames = {
  [T in ClientFrameType]: v.InferOutput<(typeof CLIENT_FRAMES)[T]>;
};
export type ClientFrame = ClientFrames[ClientFrameType];
