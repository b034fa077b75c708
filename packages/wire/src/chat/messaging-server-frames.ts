/**
 * What the service says in the messaging dialect (`reference/messaging.md` §2.3), and what is ours, which a client
 * may leave unread: `edit`, `delete`, `reaction`, `agent_progress`, `typing`, `notification`, `error`.
 */
import * as v from "valibot";
import { CHAT_CODES, type ChatErrorCode } from "./errors.ts";
import { MessagingContentType } from "./messaging-client-frames.ts";
import { count } from "./values.ts";
import { AnswerStatus } from "./wire-entry.ts";

const id = v.string();
const code = v.picklist(Object.keys(CHAT_CODES) as ChatErrorCode[]);
/** Stored where it was accepted; what a receiver has is told by its own receipts, never guessed. */
const status = v.literal("sent");

const MessagingMessage = v.object({
  message_id: id,
  /** Dense from 1 in each conversation; a number without a message comes as an empty `system` one. */
  sequence_number: count,
  sender_id: v.string(),
  receiver_id: v.string(),
  conversation_id: v.string(),
  content: v.string(),
  type: MessagingContentType,
  /** The same again: a client in use reads this name. */
  message_type: MessagingContentType,
  media_url: v.optional(v.string()),
  reply_to_message_id: v.optional(id),
  timestamp: count,
  status,
  /** How an agent's answer ended, where it is not complete. */
  answer_status: v.optional(v.picklist(["stopped", "interrupted", "superseded"])),
});
export type MessagingMessage = v.InferOutput<typeof MessagingMessage>;

/** Of what was done to a message. */
const change = {
  /** The message's. */
  message_id: id,
  /** The change's own. */
  sequence_number: count,
  conversation_id: v.string(),
  sender_id: v.string(),
  timestamp: count,
};

export const MESSAGING_SERVER_FRAMES = {
  auth_success: v.object({
    type: v.literal("auth_success"),
    payload: v.object({
      session_id: id,
      server_time: count,
      /** Not after a renewal. */
      unread_count: v.optional(count),
      /** When the token ends: send `auth` with another before that. */
      expires_at: count,
    }),
  }),
  auth_error: v.object({ type: v.literal("auth_error"), error: v.string(), code }),
  /** The message is durable where it was accepted. */
  message_ack: v.object({
    type: v.literal("message_ack"),
    /** The key where the client said no id of its own. */
    client_message_id: id,
    idempotency_key: id,
    payload: v.object({
      message_id: id,
      sequence_number: count,
      conversation_id: v.string(),
      status,
      timestamp: count,
    }),
  }),
  message: v.object({ type: v.literal("message"), payload: MessagingMessage }),
  /** What a `retransmit` asked for, and, unasked, numbers that are no message. */
  messages: v.object({
    type: v.literal("messages"),
    payload: v.object({
      conversation_id: v.string(),
      messages: v.array(MessagingMessage),
      /** There are none above it yet. */
      last_sequence_number: count,
    }),
  }),
  edit: v.object({
    type: v.literal("edit"),
    payload: v.object({ ...change, content: v.string() }),
  }),
  delete: v.object({ type: v.literal("delete"), payload: v.object(change) }),
  reaction: v.object({
    type: v.literal("reaction"),
    payload: v.object({ ...change, emoji: v.string(), on: v.boolean() }),
  }),
  /** More of an answer that is being written; the `message` with the same id has all of it. */
  agent_progress: v.object({
    type: v.literal("agent_progress"),
    payload: v.object({
      conversation_id: v.string(),
      message_id: id,
      agent_id: v.string(),
      reply_to_message_id: id,
      /** Counts the tries: a higher one begins anew. */
      attempt: count,
      /** Characters before this text: at the end of what one has it is added, before it dropped. */
      at: count,
      content: v.string(),
      /** How it ended: no more follows. */
      status: v.optional(AnswerStatus),
    }),
  }),
  /** To who sent them: devices of `delivered_to` have acknowledged these. */
  delivery_ack: v.object({
    type: v.literal("delivery_ack"),
    /** The last of them. */
    message_id: id,
    message_ids: v.array(id),
    delivered_to: v.string(),
    timestamp: count,
  }),
  read_receipt: v.object({
    type: v.literal("read_receipt"),
    payload: v.object({ message_ids: v.array(id), read_by: v.string(), timestamp: count }),
  }),
  heartbeat_ack: v.object({ type: v.literal("heartbeat_ack"), server_time: count }),
  typing: v.object({
    type: v.literal("typing"),
    conversation_id: v.string(),
    sender_id: v.string(),
    on: v.boolean(),
  }),
  migration: v.object({
    type: v.literal("migration"),
    payload: v.object({
      /** Where this socket came to: another instance answers there. */
      new_endpoint: v.string(),
      session_token: id,
      /** Come back after this long, so that not all do at once. */
      reconnect_after_ms: count,
    }),
  }),
  notification: v.object({ type: v.literal("notification"), content: v.string() }),
  error: v.object({
    type: v.literal("error"),
    client_message_id: v.optional(id),
    conversation_id: v.optional(v.string()),
    error: v.object({
      code,
      message: v.string(),
      /** The socket stays, and the client may go on. */
      recoverable: v.boolean(),
      /** Milliseconds. */
      retry_after: v.optional(count),
    }),
  }),
} as const;

export type MessagingServerFrameType = keyof typeof MESSAGING_SERVER_FRAMES;
export type MessagingServerFrames = {
  [T in MessagingServerFrameType]: v.InferOutput<(typeof MESSAGING_SERVER_FRAMES)[T]>;
};
export type MessagingServerFrame = MessagingServerFrames[MessagingServerFrameType];
