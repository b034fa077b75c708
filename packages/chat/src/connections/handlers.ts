import {
  CHAT_PROTOCOL,
  ChatError,
  type ClientFrame,
  type ClientFrames,
  type ServerFrames,
} from "@warren/wire";
import type { SessionKey } from "../log/entry.ts";
import type { Wording } from "../sessions/talk.ts";
import type { Place } from "../sessions/help-queue.ts";
import { authorOf } from "../sessions/viewer.ts";
import type { ChatboxConnection as Connection } from "./chatbox-connection.ts";
import { firstThatFit, newestThatFit } from "./pages.ts";
import { queueFrame, wireRunOf } from "./presenter.ts";
import { storedFile } from "./stored-file.ts";
import { takeTurn } from "./take-turn.ts";

/** How often an idle client says something, milliseconds. */
const HEARTBEAT_MS = 25_000;

/** Does what a frame says. Rejects with what is wrong with it. */
export async function handle(connection: Connection, frame: ClientFrame): Promise<void> {
  await takeTurn(connection, MESSAGES.has(frame.type));
  const handler = HANDLERS[frame.type] as Handler<ClientFrame>;
  await handler(connection, frame);
}

type Handler<F> = (connection: Connection, frame: F) => Promise<unknown> | void;
type Handlers = { [T in keyof ClientFrames]: Handler<ClientFrames[T]> };

const MESSAGES: ReadonlySet<string> = new Set([
  "user_message",
  "file_upload",
  "voice_message",
  "help_request",
  "regenerate",
  "continue",
  "note",
]);

/** The client's id for what it says; a client that has none gets one that serves no repetition. */
function markOf(connection: Connection, frame: Stored) {
  const clientMessageId = frame.client_message_id ?? `server:${connection.deps.newId()}`;
  return { clientMessageId, seen: frame.seen };
}

interface Stored {
  client_message_id?: string | undefined;
  seen?: number | undefined;
}

/** Has something said that other sockets show and this one has drawn already. */
function say(connection: Connection, key: SessionKey, wording: Wording): Promise<void> {
  const { identity, deps } = connection;
  const author = authorOf(identity, key.userId);
  return connection.say({ key, author, clientMessageId: wording.clientMessageId }, () =>
    deps.talk.message(identity, key, wording),
  );
}

const HANDLERS: Handlers = {
  async user_message(connection, frame) {
    const key = await connection.opened(frame, frame.model_id);
    await say(connection, key, {
      ...markOf(connection, frame),
      type: "text",
      text: frame.content,
      file: undefined,
      metadata: frame.metadata,
      replyTo: frame.reply_to,
      isUnasked: false,
    });
  },
  file_upload: (connection, frame) => file(connection, frame, "file"),
  voice_message: (connection, frame) => file(connection, frame, "voice"),
  async model_select(connection, frame) {
    const { identity, deps } = connection;
    const key = await connection.opened(frame, undefined);
    const choice = { ...markOf(connection, frame), modelId: frame.model_id };
    connection.acknowledge(await deps.talk.choose(identity, key, choice));
    confirm(connection, key, "The model was changed.");
  },
  async help_request(connection, frame) {
    const { identity, deps } = connection;
    const key = await connection.begun(frame);
    const recorded = await deps.talk.help(identity, key, markOf(connection, frame));
    connection.acknowledge(recorded);
    confirm(connection, key, calledWords(deps.queue.placeOf(key.sessionId)));
  },
  async end_session(connection, frame) {
    const { deps, identity } = connection;
    const key = await connection.existing(frame);
    connection.acknowledge(await deps.talk.end(identity, key, markOf(connection, frame)));
  },
  async hello(connection, { device_id: deviceId }) {
    connection.speakEntries(deviceId);
    connection.send({
      type: "hello",
      protocol: CHAT_PROTOCOL,
      connection_id: connection.id,
      heartbeat_ms: HEARTBEAT_MS,
    });
  },
  async resume(connection, { device_id: deviceId, sessions }) {
    connection.speakEntries(deviceId);
    for (const { session_id, versions } of sessions) {
      const pages = await connection.pages();
      try {
        const key = await connection.existing({ session_id });
        const { deps } = connection;
        const follower = connection.follow(key);
        deps.events.resumed(await follower.resume(versions, pages, session_id));
        deps.presences.welcome(key, follower);
        const place = deps.queue.placeOf(key.sessionId);
        if (place !== undefined) connection.send(queueFrame(key.sessionId, place));
      } catch (reason) {
        // One that is gone, or another's, does not keep the others from the client.
        connection.refuse(reason, { sessionId: session_id });
      }
    }
  },
  async history(connection, frame) {
    const key = await connection.existing(frame);
    const pages = await connection.pages();
    const latest = await connection.deps.journal.latest(key, frame.before, frame.limit);
    const { texts, older } = newestThatFit(latest, pages);
    connection.sendText(messagesFrame({ session_id: key.sessionId, older }, texts));
  },
  async retransmit(connection, frame) {
    const { deps } = connection;
    const key = await connection.existing(frame);
    const { from_sequence: from, to_sequence: to } = frame;
    const origin = frame.origin ?? deps.journal.origin;
    if (to < from || to - from >= MOST_RETRANSMITTED) {
      const range = `from_sequence to to_sequence must be 1 to ${MOST_RETRANSMITTED} entries`;
      throw new ChatError("INVALID_FORMAT", range);
    }
    const pages = await connection.pages();
    // Of this origin alone: what others have numbered would take its room.
    const { said } = await deps.journal.latest(key, { [origin]: to }, to - from + 1);
    const asked = said.filter(({ entry }) => entry.number >= from);
    const { texts } = firstThatFit(asked, pages);
    connection.sendText(messagesFrame({ session_id: key.sessionId }, texts));
  },
  async edit(connection, frame) {
    const { deps, identity } = connection;
    const key = await connection.existing(frame);
    const { message_id: messageId, content } = frame;
    const change = { ...markOf(connection, frame), messageId, content };
    connection.acknowledge(await deps.changes.edit(identity, key, change));
  },
  async delete(connection, frame) {
    const { deps, identity } = connection;
    const key = await connection.existing(frame);
    const change = { ...markOf(connection, frame), messageId: frame.message_id };
    connection.acknowledge(await deps.changes.delete(identity, key, change));
  },
  async reaction(connection, frame) {
    const { deps, identity } = connection;
    const key = await connection.existing(frame);
    const { message_id: messageId, emoji, on: isOn } = frame;
    const change = { ...markOf(connection, frame), messageId, emoji, isOn };
    connection.acknowledge(await deps.changes.react(identity, key, change));
  },
  async typing(connection, frame) {
    const { deps, identity } = connection;
    const key = await connection.existing(frame);
    deps.hub.pass(key, {
      kind: "typing",
      sender: identity.userId === key.userId ? "user" : "admin",
      name: identity.userId === key.userId ? undefined : identity.name,
      isOn: frame.on,
      by: connection.follow(key),
    });
  },
  delivery_ack: (connection, frame) => receipt(connection, frame, "delivered"),
  read_receipt: (connection, frame) => receipt(connection, frame, "read"),
  async stop(connection, frame) {
    const key = await connection.existing(frame);
    await connection.deps.runs.stop(key, frame.run_id);
  },
  async regenerate(connection, frame) {
    const key = await connection.existing(frame);
    await connection.deps.again(key, frame.message_id, "anew");
  },
  async continue(connection, frame) {
    const key = await connection.existing(frame);
    await connection.deps.again(key, frame.message_id, "on");
  },
  async run_get(connection, frame) {
    const key = await connection.existing(frame);
    const run = await connection.deps.runs.of(key);
    if (run === undefined || run.runId !== frame.run_id) {
      throw new ChatError("NOT_FOUND", "this answer is not being written");
    }
    const from = Math.min(frame.from, run.text.length);
    connection.send({
      type: "run_start",
      session_id: key.sessionId,
      run: { ...wireRunOf(run), at: from, text: run.text.slice(from) },
    });
  },
  async auth(connection, { token }) {
    const renewed = await connection.deps.renewal.verify(token);
    connection.renew(renewed);
    const expires_at = new Date(renewed.expiresAtMs).toISOString();
    connection.send({ type: "auth_success", expires_at });
  },
  ping: (connection) => connection.send({ type: "pong", timestamp: connection.now() }),
  heartbeat: (connection) =>
    connection.send({ type: "heartbeat_ack", server_time: connection.deps.wallClock() }),
  async admin_join(connection, frame) {
    const key = await connection.existing(frame);
    await connection.follow(key).join();
    await connection.deps.takeovers.take(connection.identity, key);
  },
  async admin_leave(connection, frame) {
    const key = await connection.existing(frame);
    await connection.deps.takeovers.leave(connection.identity, key);
  },
  async admin_transfer(connection, frame) {
    const key = await connection.existing(frame);
    const { admin_id: userId, admin_name: name = userId } = frame;
    await connection.deps.takeovers.transfer(connection.identity, key, { userId, name });
  },
  async note(connection, frame) {
    const { deps, identity } = connection;
    const key = await connection.existing(frame);
    const note = { ...markOf(connection, frame), text: frame.content };
    connection.acknowledge(await deps.talk.note(identity, key, note));
  },
};

const MOST_RETRANSMITTED = 1_000;

function messagesFrame(
  state: Omit<ServerFrames["messages"], "type" | "entries">,
  texts: readonly string[],
): string {
  const said = JSON.stringify({ type: "messages", ...state }).slice(0, -1);
  return `${said},"entries":[${texts.join(",")}]}`;
}

async function file(
  connection: Connection,
  frame: FileFrame,
  type: "file" | "voice",
): Promise<void> {
  // Whose session it is comes first: a stranger learns nothing of files either.
  await connection.check(frame);
  const { file_id: fileId, file_url: fileUrl } = frame;
  const found = await connection.deps.files.forFrame(connection.identity, {
    type,
    fileId,
    fileUrl,
  });
  const key = await connection.begun(frame);
  await say(connection, key, {
    ...markOf(connection, frame),
    type,
    text: frame.content,
    file: storedFile(fileId, found),
    metadata: frame.metadata,
    replyTo: frame.reply_to,
    isUnasked: frame.more || isBare(connection, frame),
  });
}

/** A file without a word, of a client that knows no more than the reference: there it is shown, and not answered. */
function isBare(connection: Connection, { type, content }: FileFrame): boolean {
  return type === "file_upload" && content === "" && !connection.speaksEntries;
}

type FileFrame = ClientFrames["file_upload"] | ClientFrames["voice_message"];

async function receipt(
  connection: Connection,
  frame: ClientFrames["read_receipt"] | ClientFrames["delivery_ack"],
  what: "delivered" | "read",
): Promise<void> {
  const { deps, identity, deviceId } = connection;
  const key = await connection.existing(frame);
  await connection.receipts.pass({ key, what, said: frame.versions }, (versions) =>
    deps.talk.receipt(identity, key, {
      clientMessageId: `${what}:${deps.newId()}`,
      seen: undefined,
      deviceId,
      [what]: versions,
    }),
  );
}

function calledWords(place: Place | undefined): string {
  const called = "Somebody was called and will join you here.";
  if (place === undefined || place.position === 1) return called;
  return `${called} ${place.position - 1} before you are waiting.`;
}

function confirm(connection: Connection, key: SessionKey, content: string): void {
  connection.send({
    type: "connection_status",
    session_id: key.sessionId,
    timestamp: connection.now(),
    sender: "ai",
    content,
  });
}
