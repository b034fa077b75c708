import type { ChatSession, Message, RunningAnswer } from "../../src/index.ts";

/** Something of an answer's: what was kept of it, or what is being written. */
export type Version =
  | { readonly kind: "kept"; readonly message: Message }
  | { readonly kind: "running"; readonly answer: RunningAnswer };

/** What a thread shows, one below the other. `isFirst`: somebody else spoke before, or it was long ago. */
export type Item =
  | { readonly kind: "day"; readonly key: string; readonly timestamp: string }
  | { readonly kind: "new"; readonly key: string }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly message: Message;
      readonly isFirst: boolean;
    }
  | {
      readonly kind: "answer";
      readonly key: string;
      /** Answers to the same message, the latest last; never empty. */
      readonly versions: readonly Version[];
      readonly isFirst: boolean;
    };

export interface ThreadOptions {
  session: Pick<ChatSession, "messages" | "answers">;
  /** Key of the first message that nobody has seen here; undefined: there is none. */
  firstUnread: string | undefined;
  /** The day of a moment, in the reader's time zone. */
  dayOf: (timestamp: string) => string;
}

/** Within this what one person says belongs together. */
const TOGETHER_MS = 300_000;

/** The messages of a session, and what is being written, as they are to be shown. */
export function threadItems({ session, firstUnread, dayOf }: ThreadOptions): Item[] {
  const versions = versionsOf(session);
  const items: Item[] = [];
  const shown = new Set<string>();
  let before: Message | undefined;
  for (const message of session.messages) {
    const to = message.answer?.reply_to;
    if (to !== undefined && shown.has(to)) continue;
    const { key, timestamp } = message;
    const isNewDay = before === undefined || dayOf(before.timestamp) !== dayOf(timestamp);
    if (isNewDay) items.push({ kind: "day", key: `day ${key}`, timestamp });
    if (key === firstUnread) items.push({ kind: "new", key: "new" });
    const isFirst = isNewDay || key === firstUnread || !belongs(message, before);
    if (to === undefined) items.push({ kind: "message", key, message, isFirst });
    else {
      shown.add(to);
      items.push({ kind: "answer", key: `answer ${to}`, versions: versions.get(to)!, isFirst });
    }
    before = message;
  }
  for (const { replyTo } of session.answers) {
    if (shown.has(replyTo)) continue;
    shown.add(replyTo);
    const key = `answer ${replyTo}`;
    items.push({ kind: "answer", key, versions: versions.get(replyTo)!, isFirst: true });
  }
  return items;
}

/** By the message that they answer. */
function versionsOf({ messages, answers }: ThreadOptions["session"]): Map<string, Version[]> {
  const versions = new Map<string, Version[]>();
  const add = (to: string, version: Version) => {
    versions.set(to, [...(versions.get(to) ?? []), version]);
  };
  for (const message of messages) {
    if (message.answer !== undefined) add(message.answer.reply_to, { kind: "kept", message });
  }
  for (const answer of answers) add(answer.replyTo, { kind: "running", answer });
  return versions;
}

function belongs(message: Message, before: Message | undefined): boolean {
  if (before === undefined || before.answer !== undefined) return false;
  if (message.sender !== before.sender || message.authorId !== before.authorId) return false;
  if (message.isNote !== before.isNote) return false;
  return Date.parse(message.timestamp) - Date.parse(before.timestamp) < TOGETHER_MS;
}

/** The first of the last `unread` messages that others said. */
export function firstUnreadOf({
  messages,
  unread,
}: Pick<ChatSession, "messages" | "unread">): string | undefined {
  if (unread === 0) return undefined;
  const others = messages.filter(({ isMine, isDeleted }) => !isMine && !isDeleted);
  return others.at(-unread)?.key;
}
