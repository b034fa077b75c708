import {
  CHAT_LIMITS,
  ChatError,
  type MessagingClientFrame,
  type MessagingClientFrames,
  type MessagingContentType,
} from "@warren/wire";
import type { SessionKey } from "../../log/entry.ts";
import type { Recorded } from "../../log/journal.ts";
import type { Mark } from "../../sessions/mark.ts";
import type { Wording } from "../../sessions/talk.ts";
import { authorOf } from "../../sessions/viewer.ts";
import type { About } from "../connection.ts";
import { storedFile } from "../stored-file.ts";
import { takeTurn } from "../take-turn.ts";
import type { MessagingConnection } from "./messaging-connection.ts";
import { CONTENT_TYPE } from "./messaging-words.ts";
import { mediaOf } from "./media.ts";
import { retransmit } from "./retransmit.ts";
import type { Thread } from "./thread.ts";

/** Does what a frame of the messaging dialect says. Rejects with what is wrong with it. */
export async function handleMessaging(
  connection: MessagingConnection,
  frame: MessagingClientFrame,
  about: About,
): Promise<void> {
  await takeTurn(connection, frame.type === "message");
  // What comes after an acknowledgement may count on its being stored.
  const isLast = !PASSES_BY.has(frame.type) && !RECEIPTS.has(frame.type);
  if (isLast) await connection.acknowledgements.settled();
  const handler = HANDLERS[frame.type] as Handler<MessagingClientFrame>;
  await handler(connection, frame, about);
}

/** They cannot wait for those before them. */
export const PASSES_BY: ReadonlySet<string> = new Set(["heartbeat", "typing", "stop"]);
const RECEIPTS: ReadonlySet<string> = new Set(["delivery_ack", "read_receipt"]);

type Frames = MessagingClientFrames;
type Handler<F> = (
  connection: MessagingConnection,
  frame: F,
  about: About,
) => Promise<unknown> | void;

const HANDLERS: { [T in keyof Frames]: Handler<Frames[T]> } = {
  async auth(connection, { payload }) {
    const renewed = await connection.deps.renewal.verify(payload.auth_token);
    if (payload.user_id !== renewed.userId) {
      throw new ChatError("UNAUTHORIZED", "the token is another user's");
    }
    connection.renew(renewed);
    connection.succeed(undefined);
  },
  async message(connection, frame, about) {
    const { identity, deps } = connection;
    checkWords(frame);
    const wording = await wordingOf(connection, frame);
    const thread = await addressed(connection, frame);
    const { key } = thread;
    const author = authorOf(identity, key.userId);
    const { clientMessageId } = wording;
    const say = () => deps.talk.message(identity, key, wording);
    await connection.say({ key, author, clientMessageId }, say, about);
  },
  delivery_ack: (connection, frame) => receipt(connection, [frame.message_id], "delivered"),
  read_receipt: (connection, frame) => receipt(connection, frame.message_ids, "read"),
  heartbeat: (connection) =>
    connection.send({ type: "heartbeat_ack", server_time: connection.deps.wallClock() }),
  async retransmit(connection, frame) {
    const { from_sequence: from, to_sequence: to } = frame;
    if (to < from || to - from >= CHAT_LIMITS.retransmit) {
      const range = `from_sequence to to_sequence must be 1 to ${CHAT_LIMITS.retransmit} numbers`;
      throw new ChatError("INVALID_FORMAT", range);
    }
    await retransmit(connection, await connection.thread(frame.conversation_id), { from, to });
  },
  edit(connection, frame, about) {
    const { message_id: messageId, content } = frame.payload;
    return change(connection, frame, about, (key, mark) =>
      connection.deps.changes.edit(connection.identity, key, { ...mark, messageId, content }),
    );
  },
  delete(connection, frame, about) {
    const { message_id: messageId } = frame.payload;
    return change(connection, frame, about, (key, mark) =>
      connection.deps.changes.delete(connection.identity, key, { ...mark, messageId }),
    );
  },
  reaction(connection, frame, about) {
    const { message_id: messageId, emoji, on: isOn } = frame.payload;
    return change(connection, frame, about, (key, mark) =>
      connection.deps.changes.react(connection.identity, key, { ...mark, messageId, emoji, isOn }),
    );
  },
  async stop(connection, { conversation_id }) {
    const { key } = await connection.thread(conversation_id);
    await connection.deps.runs.stop(key, undefined);
  },
  async typing(connection, { conversation_id, on: isOn }) {
    const { deps, identity } = connection;
    const { key, follower: by } = await connection.thread(conversation_id);
    const isOwner = identity.userId === key.userId;
    deps.hub.pass(key, {
      kind: "typing",
      sender: isOwner ? "user" : "admin",
      name: isOwner ? undefined : identity.name,
      isOn,
      by,
    });
  },
};

/** The conversation of a message, with the agent that it is addressed to answering in it. */
async function addressed(
  connection: MessagingConnection,
  { idempotency_key, payload }: Frames["message"],
): Promise<Thread> {
  const { deps, identity } = connection;
  const { conversation_id, receiver_id: receiver } = payload;
  const isAgent = receiver === undefined || deps.models.some(({ id }) => id === receiver);
  if (!isAgent) {
    // An admin may address the person whose conversation it is.
    // One that cannot be had is as good as none: what is wrong is told below.
    const thread = await connection.thread(conversation_id).catch(() => undefined);
    if (thread?.key.userId === receiver && receiver !== identity.userId) return thread;
    throw new ChatError("NOT_FOUND", "receiver_id is no agent that answers here");
  }
  const thread = await connection.opened(conversation_id, receiver);
  if (receiver !== undefined && receiver !== thread.agentId) {
    const choice = {
      clientMessageId: `agent:${idempotency_key}`,
      seen: undefined,
      modelId: receiver,
    };
    await deps.talk.choose(identity, thread.key, choice);
    thread.agentId = receiver;
  }
  return thread;
}

function checkWords({ payload }: Frames["message"]): void {
  const { type, content, media_url: url } = payload;
  if (type === "system") {
    throw new ChatError("INVALID_FORMAT", "message: payload.type system is the service's own");
  }
  if (hasFile(type) && url === undefined) {
    throw new ChatError("MISSING_FIELD", "message: payload.media_url is missing");
  }
  if (!hasFile(type) && content === "") {
    throw new ChatError("MISSING_FIELD", "message: payload.content is missing");
  }
}

function hasFile(type: MessagingContentType): boolean {
  return type !== "text" && type !== "location";
}

async function wordingOf(
  { deps, identity }: MessagingConnection,
  { idempotency_key, payload }: Frames["message"],
): Promise<Wording> {
  const { type, content, media_url: url, reply_to_message_id: replyTo } = payload;
  const kind = type === "audio" ? "voice" : "file";
  const media = hasFile(type) ? mediaOf(url!) : undefined;
  const file =
    media &&
    storedFile(media.fileId, await deps.files.forFrame(identity, { type: kind, ...media }));
  return {
    clientMessageId: idempotency_key,
    seen: undefined,
    type: media === undefined ? "text" : kind,
    text: content,
    file,
    metadata: type === "text" ? undefined : { [CONTENT_TYPE]: type },
    replyTo,
    isUnasked: false,
  };
}

/** Other sockets are told of it; this one has drawn it already, and gets its number. */
async function change(
  connection: MessagingConnection,
  { idempotency_key: clientMessageId, payload }: Frames["edit" | "delete" | "reaction"],
  about: About,
  store: (key: SessionKey, mark: Mark) => Promise<Recorded>,
): Promise<void> {
  const { key } = await connection.thread(payload.conversation_id);
  const author = authorOf(connection.identity, key.userId);
  const mark = { clientMessageId, seen: undefined };
  await connection.say({ key, author, clientMessageId }, () => store(key, mark), about);
}

/** Numbers are up to and including: who has a message has, or has seen, all before it. */
function receipt(
  connection: MessagingConnection,
  messageIds: readonly string[],
  what: "delivered" | "read",
): void {
  let isKnown = false;
  for (const thread of connection.threads()) {
    const versions: Record<string, number> = {};
    for (const messageId of messageIds) {
      const found = thread.known(messageId);
      if (found === undefined) continue;
      versions[found.origin] = Math.max(found.number, versions[found.origin] ?? 0);
    }
    if (Object.keys(versions).length === 0) continue;
    isKnown = true;
    connection.acknowledgements.add(thread, what, versions);
  }
  if (!isKnown) throw new ChatError("NOT_FOUND", "this socket was told of no such message");
}
