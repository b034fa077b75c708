import type { WireEntry } from "@warren/wire";
import type { Failure, Outgoing } from "./outbox.ts";
import { isCovered, type Cursors, type Reactor, type Spoken } from "../log/view.ts";

/** How far a message of one's own has come. */
export type MessageState = "queued" | "sent" | "delivered" | "read" | "failed";

type Said = Extract<WireEntry, { kind: "message" }>;

/** A message as it is to be shown. A new object whenever something of it changes. */
export interface Message {
  /** The same from the moment it is sent: for lists. */
  readonly key: string;
  /** Its name in the service; undefined until it has one. */
  readonly id: string | undefined;
  readonly isMine: boolean;
  /** Undefined for what others said. */
  readonly state: MessageState | undefined;
  /** Why it failed. */
  readonly failure: Failure | undefined;
  readonly sender: WireEntry["sender"];
  readonly authorId: string | undefined;
  /** Of the person who wrote it, for an admin's message. */
  readonly name: string | undefined;
  readonly type: Said["message_type"];
  /** Empty once deleted. */
  readonly content: string;
  readonly file: Said["file"];
  readonly metadata: Said["metadata"];
  /** Id of the message that it answers. */
  readonly replyTo: string | undefined;
  readonly isNote: boolean;
  /** What a model's answer was like. */
  readonly answer: Said["answer"];
  /** RFC 3339. */
  readonly timestamp: string;
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  /** Who reacted, by emoji. */
  readonly reactions: ReadonlyMap<string, readonly Reactor[]>;
}

export interface Viewpoint {
  readonly userId: string | undefined;
  readonly cursors: readonly Cursors[];
  /** By the client's own id. */
  readonly outgoing: ReadonlyMap<string, Outgoing>;
}

export function messageOf(spoken: Spoken, viewpoint: Viewpoint): Message {
  const { entry, content, isEdited, isDeleted, reactions } = spoken;
  const isMine = isOwn(entry, viewpoint.userId);
  const outgoing = isMine ? viewpoint.outgoing.get(entry.client_message_id) : undefined;
  return {
    key: isMine ? entry.client_message_id : entry.message_id,
    id: entry.number > 0 ? entry.message_id : undefined,
    isMine,
    state: isMine ? stateOf(spoken, outgoing, viewpoint) : undefined,
    failure: outgoing?.failure,
    sender: entry.sender,
    authorId: entry.author_id,
    name: entry.name,
    type: entry.message_type,
    content,
    file: isDeleted ? undefined : entry.file,
    metadata: entry.metadata,
    replyTo: entry.reply_to,
    isNote: entry.is_note === true,
    answer: entry.answer,
    timestamp: entry.timestamp,
    isEdited,
    isDeleted,
    reactions,
  };
}

/** What is said while nobody knows yet whose device this is, is one's own as well. */
export function isOwn(entry: WireEntry, userId: string | undefined): boolean {
  if (entry.number === 0) return true;
  return userId !== undefined && entry.author_id === userId;
}

function stateOf(
  spoken: Spoken,
  outgoing: Outgoing | undefined,
  { userId, cursors }: Viewpoint,
): MessageState {
  if (outgoing?.failure !== undefined) return "failed";
  if (spoken.number === 0) return "queued";
  const others = cursors.filter(({ authorId }) => authorId !== userId);
  if (
    isCovered(
      others.map(({ read }) => read),
      spoken,
    )
  )
    return "read";
  return isCovered(
    others.map(({ delivered }) => delivered),
    spoken,
  )
    ? "delivered"
    : "sent";
}
