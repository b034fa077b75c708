import type { ConversationMessage } from "../providers/prompt.ts";
import type { StoredFile } from "../log/body.ts";
import type { Said } from "../log/said.ts";
import { view, type Message } from "../log/view.ts";

/** A message as its people see it now, with its text open. */
export interface Spoken extends Message {
  /** Empty once it was deleted. */
  readonly text: string;
  /** With its name open, and an address under which it can be had. */
  readonly file: StoredFile | undefined;
}

/** Messages of a session, edits and deletions applied, in its order. */
export function spokenOf(said: readonly Said[]): Spoken[] {
  const open = new Map(said.map((one) => [one.messageId, one]));
  const { messages } = view(said.map(({ entry }) => entry));
  return messages.map((message) => {
    const { isDeleted, contentEntry, messageId } = message;
    const text = isDeleted ? "" : textOf(open.get(contentEntry));
    return { ...message, text, file: isDeleted ? undefined : fileOf(open.get(messageId)) };
  });
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

function textOf(said: Said | undefined): string {
  return said?.kind === "message" || said?.kind === "edit" ? said.body.content : "";
}

function fileOf(said: Said | undefined): StoredFile | undefined {
  return said?.kind === "message" ? said.body.file : undefined;
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
