import {
  MessagingContentType,
  type MessagingMessage,
  type MessagingServerFrame,
} from "@warren/wire";
import * as v from "valibot";
import { wallMsOf } from "../../log/hybrid-time.ts";
import type { Said } from "../../log/said.ts";
import type { Spoken } from "../../sessions/conversation.ts";
import { isHidden } from "../wire-entry-of.ts";
import type { Thread } from "./thread.ts";

type Message = Extract<Said, { kind: "message" }>;
type Control = Extract<Said, { kind: "control" }>;

/** A client's own word for the kind of a message, kept with it. */
export const CONTENT_TYPE = "message_type";

/** What the dialect says of an entry; undefined: it has no word for it. */
export function messageOf(
  said: Said,
  thread: Thread,
  isAdmin: boolean,
): MessagingMessage | undefined {
  if (isHidden(said, isAdmin)) return undefined;
  if (said.kind === "control") return controlOf(said, thread);
  if (said.kind !== "message") return undefined;
  const { answer, content, file, replyTo } = said.body;
  if (content === "" && file === undefined) return undefined;
  const isWhole = answer === undefined || answer.status === "complete";
  return {
    ...envelopeOf(said, thread, typeOf(said)),
    content,
    ...(file && { media_url: file.url }),
    ...(replyTo !== undefined && { reply_to_message_id: replyTo }),
    ...(!isWhole && { answer_status: answer.status as "stopped" }),
  };
}

/** In the place of a number that is no message, so that nobody asks for it again and again. */
export function placeholderOf(said: Said, thread: Thread): MessagingMessage {
  return { ...envelopeOf(said, thread, "system"), content: "" };
}

/** The same as it stands now, after edits and deletions, in a page of the log. */
export function currentOf(
  said: Said,
  thread: Thread,
  { isAdmin, spoken }: { isAdmin: boolean; spoken: ReadonlyMap<string, Spoken> },
): MessagingMessage | undefined {
  const message = messageOf(said, thread, isAdmin);
  const now = spoken.get(said.messageId);
  if (message === undefined || now === undefined) return message;
  return now.isDeleted ? undefined : { ...message, content: now.text };
}

export function messagesFrame(
  thread: Thread,
  messages: readonly MessagingMessage[],
): MessagingServerFrame {
  return {
    type: "messages",
    payload: {
      conversation_id: thread.conversationId,
      messages: [...messages],
      last_sequence_number: thread.lastSequence,
    },
  };
}

/** `user:alice` is alice to her peers. */
export function personOf(author: string): string {
  return author.slice(author.indexOf(":") + 1);
}

function envelopeOf(said: Said, thread: Thread, type: MessagingContentType) {
  const { entry, messageId } = said;
  const isOwner = entry.author === `user:${thread.key.userId}`;
  return {
    message_id: messageId,
    sequence_number: thread.sequenceOf(entry),
    sender_id: senderOf(said),
    receiver_id: isOwner ? thread.agentId : thread.key.userId,
    conversation_id: thread.conversationId,
    type,
    message_type: type,
    timestamp: wallMsOf(entry.hlc),
    status: "sent" as const,
  };
}

function senderOf({ kind, body, entry }: Said): string {
  return (kind === "message" ? body.answer?.modelId : undefined) ?? personOf(entry.author);
}

function controlOf(said: Control, thread: Thread): MessagingMessage {
  const { mode, adminName } = said.body;
  const name = (adminName ?? "A person").slice(0, 100);
  const content = `${name} has ${mode === "person" ? "joined" : "left"} the chat`;
  return { ...envelopeOf(said, thread, "system"), content };
}

function typeOf({ body }: Message): MessagingContentType {
  const said = body.metadata?.[CONTENT_TYPE];
  if (v.is(MessagingContentType, said) && said !== "system") return said;
  if (body.file === undefined) return "text";
  if (body.type === "voice") return "audio";
  const kind = body.file.contentType?.split("/")[0];
  return kind === "image" || kind === "video" || kind === "audio" ? kind : "document";
}
