import type { MessagingMessage } from "@warren/wire";
import type { Said } from "../../log/said.ts";
import { spokenOf } from "../../sessions/conversation.ts";
import type { MessagingConnection } from "./messaging-connection.ts";
import { currentOf, messagesFrame, placeholderOf } from "./messaging-words.ts";
import { stretchesOf } from "./sequence.ts";
import type { Thread } from "./thread.ts";

/** Entries that are looked through for what became of those that are asked for. */
const LATEST = 300;

/** Every number of the range that was given out is answered: with its message, or as an empty one. */
export async function retransmit(
  connection: MessagingConnection,
  thread: Thread,
  { from, to }: { from: number; to: number },
): Promise<void> {
  const { journal } = connection.deps;
  const asked: Said[] = [];
  for (const stretch of stretchesOf(thread.versions, from, to)) {
    const count = stretch.to - stretch.from + 1;
    // Of this origin alone: what others have numbered would take its room.
    const page = await journal.latest(thread.key, { [stretch.origin]: stretch.to }, count);
    asked.push(...page.said.filter(({ entry }) => entry.number >= stretch.from));
  }
  const { said: since } = await journal.latest(thread.key, undefined, LATEST);
  const spoken = new Map(
    spokenOf(distinct([...asked, ...since])).map((one) => [one.messageId, one]),
  );
  const { isAdmin, mostBytes } = await connection.pages();
  const messages = asked.map((said) => {
    const now = currentOf(said, thread, { isAdmin, spoken });
    if (now !== undefined) thread.know(said);
    return now ?? placeholderOf(said, thread);
  });
  connection.send(messagesFrame(thread, thatFit(messages, mostBytes)));
}

/** A page may reach into the newest: twice would be two. */
function distinct(said: readonly Said[]): Said[] {
  return [...new Map(said.map((one) => [`${one.entry.origin} ${one.entry.number}`, one])).values()];
}

/** The first of them that fit into a frame, one at least: the client asks on for the others. */
function thatFit(messages: readonly MessagingMessage[], mostBytes: number): MessagingMessage[] {
  let bytes = 0;
  const end = messages.findIndex((message, at) => {
    bytes += Buffer.byteLength(JSON.stringify(message));
    return bytes > mostBytes && at > 0;
  });
  return messages.slice(0, end === -1 ? undefined : end);
}
