import type { ConversationMessage } from "../providers/prompt.ts";
import type { Said } from "../log/said.ts";
import { view, type Message } from "../log/view.ts";

/** A message as its people see it now, with its text open. */
export interface Spoken extends Message {
  /** Empty once it was deleted. */
  readonly text: string;
}

/** Messages of a session, edits and deletions applied, in its order. */
export function spokenOf(said: readonly Said[]): Spoken[] {
  const texts = new Map(said.map((one) => [one.messageId, textOf(one)]));
  const { messages } = view(said.map(({ entry }) => entry));
  return messages.map((message) => ({
    ...message,
    text: message.isDeleted ? "" : (texts.get(message.contentEntry) ?? ""),
  }));
}

/**
 * What an AI may know of a session. `unanswered`: a message that is to be answered anew, as if nothing had
 * been said since but by people.
 */
export function conversationOf(
  said: readonly Said[],
  unanswered: string | undefined,
): ConversationMessage[] {
  const all = spokenOf(said).filter(
    ({ said: { answer } }) => answer?.replyTo !== unanswered || answer === undefined,
  );
  return all.map((message) => ({
    sender: message.said.sender,
    name: message.said.name ?? "",
    text: withFile(message),
    status: statusOf(message),
  }));
}

function textOf(said: Said): string {
  return said.kind === "message" || said.kind === "edit" ? said.body.content : "";
}

/** A model is told that there is a file, and not where: the link would open it. */
function withFile({ said, text }: Spoken): string {
  if (said.file === undefined) return text;
  const kind = said.type === "voice" ? "a voice message" : "a file";
  return [`[${kind} was sent]`, text].filter((part) => part !== "").join(" ");
}

function statusOf({ said, isDeleted }: Spoken): ConversationMessage["status"] {
  if (isDeleted) return "deleted";
  if (said.isNote) return "private";
  switch (said.answer?.status) {
    case "interrupted":
    case "stopped":
      return "interrupted";
    case "superseded":
      return "superseded";
    default:
      return "complete";
  }
}
