import type { MessagingServerFrame } from "@warren/wire";
import { wallMsOf } from "../../log/hybrid-time.ts";
import type { Said } from "../../log/said.ts";
import { personOf } from "./messaging-words.ts";
import type { Thread } from "./thread.ts";

/** What was done to a message; undefined for what is no change of one. */
export function changeFrame(said: Said, thread: Thread): MessagingServerFrame | undefined {
  const { entry, kind, body } = said;
  if (kind !== "edit" && kind !== "delete" && kind !== "reaction") return undefined;
  const of = {
    message_id: body.messageId,
    sequence_number: thread.sequenceOf(entry),
    conversation_id: thread.conversationId,
    sender_id: personOf(entry.author),
    timestamp: wallMsOf(entry.hlc),
  };
  switch (kind) {
    case "edit":
      return { type: "edit", payload: { ...of, content: body.content } };
    case "delete":
      return { type: "delete", payload: of };
    case "reaction":
      return { type: "reaction", payload: { ...of, emoji: body.emoji, on: body.isOn } };
  }
}
