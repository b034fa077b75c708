/**
 * What a client says in the messaging dialect (`reference/messaging.md` §2): some frames nest a
 * `payload`, others are flat, as their first clients have them. `typing`, `edit`, `delete`, `reaction` and
 * `stop` are ours. Times are epoch
 * milliseconds. Unknown fields are ignored; null, empty and absent mean the same.
 */
import * as v from "valibot";
import {
  CHAT_LIMITS,
  ClientMessageId,
  count,
  DeviceId,
  maybe,
  MessageId,
  SessionId,
  someText,
  text,
} from "./values.ts";

/** Sizes of the messaging dialect, bytes where not said otherwise. */
export const MESSAGING_LIMITS = {
  /** All that a socket may send before it is known who is there, and after. */
  frame: 65_536,
  userId: 255,
  token: 8_192,
  appVersion: 64,
  /** Messages of one receipt. */
  receipts: 1_000,
} as const;

/** Chosen by the client; whatever tells two conversations of one user apart. */
const ConversationId = SessionId;
const sequence = v.pipe(count, v.minValue(1));
const timestamp = maybe(count);
/** Of what is stored: the same key for each try. */
const stored = { client_message_id: maybe(ClientMessageId), idempotency_key: ClientMessageId };
const target = { conversation_id: ConversationId, message_id: MessageId };

export const MessagingContentType = v.picklist([
  "text",
  "image",
  "video",
  "audio",
  "document",
  "location",
  "system",
]);
export type MessagingContentType = v.InferOutput<typeof MessagingContentType>;

export const MESSAGING_CLIENT_FRAMES = {
  /** First on a socket without a token; later, a fresh token for the same user. */
  auth: v.object({
    type: v.literal("auth"),
    payload: v.object({
      /** Must be the token's own: what a client says of itself decides nothing. */
      user_id: someText(MESSAGING_LIMITS.userId),
      auth_token: someText(MESSAGING_LIMITS.token),
      device_id: DeviceId,
      platform: v.picklist(["ios", "android", "web"]),
      app_version: someText(MESSAGING_LIMITS.appVersion),
    }),
  }),
  message: v.object({
    type: v.literal("message"),
    /** The key is the same for each try: with it a message is stored once. A UUID, or any other text. */
    ...stored,
    payload: v.object({
      conversation_id: ConversationId,
      /** The agent that is to answer; none: the conversation's own. */
      receiver_id: maybe(someText(MESSAGING_LIMITS.userId)),
      content: v.optional(text(CHAT_LIMITS.content), ""),
      type: MessagingContentType,
      media_url: maybe(someText(CHAT_LIMITS.fileUrl)),
      reply_to_message_id: maybe(MessageId),
      timestamp,
    }),
  }),
  /** This device has the message, and all before it. */
  delivery_ack: v.object({
    type: v.literal("delivery_ack"),
    message_id: MessageId,
    timestamp,
  }),
  /** Its person has seen them. */
  read_receipt: v.object({
    type: v.literal("read_receipt"),
    message_ids: v.pipe(v.array(MessageId), v.minLength(1), v.maxLength(MESSAGING_LIMITS.receipts)),
    timestamp,
  }),
  heartbeat: v.object({ type: v.literal("heartbeat"), timestamp }),
  /** Both ends included. */
  retransmit: v.object({
    type: v.literal("retransmit"),
    conversation_id: ConversationId,
    from_sequence: sequence,
    to_sequence: sequence,
  }),
  edit: v.object({
    type: v.literal("edit"),
    ...stored,
    payload: v.object({ ...target, content: someText(CHAT_LIMITS.content) }),
  }),
  delete: v.object({ type: v.literal("delete"), ...stored, payload: v.object(target) }),
  reaction: v.object({
    type: v.literal("reaction"),
    ...stored,
    payload: v.object({
      ...target,
      emoji: someText(CHAT_LIMITS.emoji),
      on: v.optional(v.boolean(), true),
    }),
  }),
  /** Ends the answer that is being written in the conversation. */
  stop: v.object({ type: v.literal("stop"), conversation_id: ConversationId }),
  typing: v.object({
    type: v.literal("typing"),
    conversation_id: ConversationId,
    on: v.optional(v.boolean(), true),
  }),
} as const;

export type MessagingClientFrameType = keyof typeof MESSAGING_CLIENT_FRAMES;
export type MessagingClientFrames = {
  [T in MessagingClientFrameType]: v.InferOutput<(typeof MESSAGING_CLIENT_FRAMES)[T]>;
};
export type MessagingClientFrame = MessagingClientFrames[MessagingClientFrameType];
