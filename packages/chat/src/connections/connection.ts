import {
  CHAT_CODES,
  CHAT_LIMITS,
  CHAT_PROTOCOL,
  ChatError,
  readClientFrame,
  type ChatErrorCode,
  type ClientFrame,
  type ReadFrame,
  type ServerFrame,
} from "@warren/wire";
import type { WebSocket } from "ws";
import type { SessionKey } from "../log/entry.ts";
import type { Recorded } from "../log/journal.ts";
import type { Said } from "../log/said.ts";
import { messageIdOf } from "../log/view.ts";
import type { Found } from "../sessions/talk.ts";
import { ClassicPresenter } from "./classic-presenter.ts";
import type { ConnectionDeps, ConnectionIdentity } from "./connection-deps.ts";
import { Follower } from "./follower.ts";
import { EASE, Outgoing } from "./outgoing.ts";
import type { PageOptions } from "./pages.ts";
import { EntryPresenter, type Presenter } from "./presenter.ts";
import { timestampOf } from "./wire-entry-of.ts";
import { handle } from "./handlers.ts";

/** Frames that wait their turn before the socket is no longer read. */
const MOST_WAITING = 32;
const FEW_WAITING = 8;
/** Sessions that one socket follows at once. */
const MOST_FOLLOWED = 100;

/**
 * One socket of a client.
 *
 * 1. Its frames are handled one after the other, so that what is said keeps its order; what cannot wait
 *    (`stop`, `ping`, `typing`) passes by.
 * 2. Every frame that is refused is answered on this socket, with the client's own id for it.
 * 3. A client that does not read is cut off at a bound of bytes, with a code that says: come back.
 */
export class Connection {
  readonly id: string;
  readonly identity: ConnectionIdentity;
  readonly deps: ConnectionDeps;
  readonly #socket: WebSocket;
  readonly #outgoing: Outgoing;
  readonly #followed = new Map<string, Follower>();
  /** Entries that this socket said and has not heard of yet. */
  readonly #own = new Set<string>();
  #presenter: Presenter;
  /** What frames that name no session are about. */
  #session: Found | undefined;
  #deviceId: string;
  #depart: () => void;
  #greeted: Promise<void> = Promise.resolve();
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #forgetExpiry: (() => void) | undefined;
  #isOver = false;

  constructor(socket: WebSocket, identity: ConnectionIdentity, deps: ConnectionDeps) {
    this.id = deps.newId();
    this.identity = identity;
    this.deps = deps;
    this.#socket = socket;
    this.#deviceId = this.id;
    this.#depart = this.#arrive();
    this.#presenter = new ClassicPresenter(identity.isAdmin, () => this.now());
    const { mostWaitingBytes, events, writes } = deps;
    this.#outgoing = new Outgoing({
      socket,
      writes,
      mostBytes: mostWaitingBytes,
      overflowed: () => {
        events.slowConsumer();
        this.close("SLOW_CONSUMER");
      },
      sent: (frames) => events.sent(frames),
    });
    socket.on("message", (data: Buffer) => this.#receive(data.toString("utf8")));
    socket.on("close", () => this.#closed());
    socket.on("error", () => socket.terminate());
    this.expireAt(identity.expiresAtMs);
  }

  get deviceId(): string {
    return this.#deviceId;
  }

  /** RFC 3339. */
  now(): string {
    return new Date(this.deps.wallClock()).toISOString();
  }

  /** Binds the socket to a session and says hello in the oldest dialect, before any frame is handled. */
  greet(saidSession: string | undefined): void {
    this.#greeted = this.#greet(saidSession);
    this.#turn = this.#greeted;
  }

  async #greet(saidSession: string | undefined): Promise<void> {
    const { talk, models } = this.deps;
    try {
      const found = await talk.find(this.identity, saidSession);
      this.#session = found;
      this.send({
        type: "connection_status",
        session_id: found.key.sessionId,
        user_id: this.identity.userId,
        timestamp: this.now(),
        sender: "system",
        models: [...models],
        protocol: CHAT_PROTOCOL,
      });
      if (found.exists) await this.follow(found.key).join();
    } catch (reason) {
      this.refuse(reason, {});
    }
  }

  send(frame: ServerFrame): void {
    this.#outgoing.send(JSON.stringify(frame));
  }

  /** A frame that was written already. */
  sendText(text: string): void {
    this.#outgoing.send(text);
  }

  /** How the entries of one large frame are chosen. Waits while too much is on its way to the client. */
  async pages(): Promise<PageOptions> {
    await this.#outgoing.eased();
    const { identity, deps } = this;
    return { isAdmin: identity.isAdmin, mostBytes: deps.mostWaitingBytes / EASE };
  }

  /** Tells what was wrong, with the client's names for it. */
  refuse(reason: unknown, about: { sessionId?: string; clientMessageId?: string }): void {
    const error = ChatError.from(reason);
    this.deps.events.refused(error);
    const { sessionId, clientMessageId } = about;
    this.send({
      type: "error",
      ...(sessionId !== undefined && { session_id: sessionId }),
      ...(clientMessageId !== undefined && { client_message_id: clientMessageId }),
      timestamp: this.now(),
      sender: "ai",
      error: {
        code: error.code,
        message: error.message,
        recoverable: !FATAL.has(error.code),
        ...(error.retryAfterMs !== undefined && { retry_after: Math.ceil(error.retryAfterMs) }),
      },
    });
  }

  /** From now on stored things are `entry` frames. */
  speakEntries(deviceId: string | undefined): void {
    if (deviceId !== undefined && deviceId !== this.#deviceId) {
      this.#depart();
      this.#deviceId = deviceId;
      this.#depart = this.#arrive();
    }
    this.#presenter = new EntryPresenter(this.identity.isAdmin);
  }

  /** The session that a frame is about: the one that it names, or else the socket's. */
  async sessionOf(frame: { session_id?: string | undefined }): Promise<Found> {
    const { talk } = this.deps;
    const said = frame.session_id;
    const bound = this.#session;
    if (bound?.exists && (said === undefined || said === bound.key.sessionId)) return bound;
    const found = await talk.find(this.identity, said ?? bound?.key.sessionId);
    if (!found.exists || bound === undefined || said === undefined) this.#session = found;
    return found;
  }

  /** The same, where there must be one. */
  async existing(frame: { session_id?: string | undefined }): Promise<SessionKey> {
    const { key, exists } = await this.sessionOf(frame);
    if (!exists) throw new ChatError("NOT_FOUND", "there is no such session");
    return key;
  }

  /** The same, begun where there is none; the client is told its id where it is another than it said. */
  async opened(
    frame: { session_id?: string | undefined },
    modelId: string | undefined,
  ): Promise<SessionKey> {
    const found = await this.sessionOf(frame);
    const key = await this.deps.talk.open(this.identity, found, modelId);
    this.#session = { key, exists: true };
    await this.follow(key).join();
    return key;
  }

  follow(key: SessionKey): Follower {
    const known = this.#followed.get(key.sessionId);
    if (known !== undefined) return known;
    if (this.#followed.size >= MOST_FOLLOWED) {
      throw new ChatError(
        "TOO_MANY_REQUESTS",
        `a socket follows at most ${MOST_FOLLOWED} sessions`,
      );
    }
    const { hub, journal, runs } = this.deps;
    const follower = new Follower({
      key,
      hub,
      journal,
      runs,
      presenter: () => this.#presenter,
      send: (text) => this.#outgoing.send(text),
      isOwn: (said) => this.#own.delete(said.messageId),
    });
    this.#followed.set(key.sessionId, follower);
    return follower;
  }

  /** Something is said on this socket: the echo of it is known by its name, and it is acknowledged. */
  async say(
    of: { key: SessionKey; author: string; clientMessageId: string },
    say: () => Promise<Recorded>,
  ): Promise<void> {
    const { key, author, clientMessageId } = of;
    const messageId = messageIdOf({ sessionId: key.sessionId, author, clientMessageId });
    this.#own.add(messageId);
    try {
      this.acknowledge(await say());
    } finally {
      this.#own.delete(messageId);
    }
  }

  acknowledge({ said }: Recorded): void {
    const { entry, messageId } = said as Said;
    this.send({
      type: "message_ack",
      session_id: entry.sessionId,
      client_message_id: entry.clientMessageId,
      message_id: messageId,
      origin: entry.origin,
      number: entry.number,
      hlc: entry.hlc,
      status: "sent",
      timestamp: timestampOf(entry),
    });
  }

  expireAt(expiresAtMs: number): void {
    const { clock, wallClock } = this.deps;
    this.#forgetExpiry?.();
    const leftMs = expiresAtMs - wallClock();
    this.#forgetExpiry = clock.after(leftMs, () => this.close("EXPIRED_TOKEN"));
  }

  /** Says why and closes: what the code means is in its table. */
  close(code: ChatErrorCode): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave();
    this.#outgoing.flush();
    this.#socket.close(CHAT_CODES[code].close, code);
    // A client that does not read does not answer the close either.
    this.deps.clock.after(this.deps.closeMs, () => this.#socket.terminate());
  }

  /** Resolves once everything that was received has been handled. */
  async idle(): Promise<void> {
    for (let turn; turn !== this.#turn;) {
      turn = this.#turn;
      await turn;
    }
  }

  #receive(text: string): void {
    if (this.#isOver) return;
    const read = readClientFrame(text);
    this.deps.events.received();
    if (read.frame instanceof ChatError) return this.refuse(read.frame, aboutOf(read));
    const { frame } = read;
    this.#waiting += 1;
    if (this.#waiting >= MOST_WAITING) this.#socket.pause();
    if (PASSES_BY.has(frame.type)) void this.#after(this.#greeted, frame, read);
    else this.#turn = this.#after(this.#turn, frame, read);
  }

  async #after(before: Promise<void>, frame: ClientFrame, read: ReadFrame): Promise<void> {
    await before;
    await this.#handle(frame, read);
    this.#waiting -= 1;
    if (this.#socket.isPaused && this.#waiting <= FEW_WAITING) this.#socket.resume();
  }

  async #handle(frame: ClientFrame, read: ReadFrame): Promise<void> {
    try {
      this.#checkTime(frame);
      await handle(this, frame);
    } catch (reason) {
      this.refuse(reason, aboutOf(read));
    }
  }

  #checkTime({ timestamp }: ClientFrame): void {
    if (timestamp === undefined) return;
    if (Date.parse(timestamp) <= this.deps.wallClock() + CHAT_LIMITS.aheadMs) return;
    throw new ChatError("INVALID_FORMAT", "timestamp is more than a minute in the future");
  }

  #arrive(): () => void {
    const { userId } = this.identity;
    return this.deps.arrive({ userId, deviceId: this.#deviceId, connectionId: this.id });
  }

  #closed(): void {
    this.#isOver = true;
    this.#depart();
    this.#forgetExpiry?.();
    this.#leave();
    this.deps.closed(this);
  }

  #leave(): void {
    for (const follower of this.#followed.values()) follower.leave();
    this.#followed.clear();
  }
}

const PASSES_BY: ReadonlySet<string> = new Set(["stop", "ping", "heartbeat", "typing"]);
/** After these the socket is closed. */
const FATAL: ReadonlySet<ChatErrorCode> = new Set(["INVALID_TOKEN", "EXPIRED_TOKEN"]);

function aboutOf({ sessionId, clientMessageId }: ReadFrame) {
  return {
    ...(sessionId !== undefined && { sessionId }),
    ...(clientMessageId !== undefined && { clientMessageId }),
  };
}
