import {
  CHAT_LIMITS,
  CHAT_PROTOCOL,
  ChatError,
  readClientFrame,
  type ClientFrame,
  type ReadFrame,
  type ServerFrame,
  type ServerFrames,
} from "@warren/wire";
import type { WebSocket } from "ws";
import type { SessionKey } from "../log/entry.ts";
import type { Said } from "../log/said.ts";
import type { Found } from "../sessions/talk.ts";
import { ClassicPresenter } from "./classic-presenter.ts";
import { Connection, errorBody, type About, type Heard } from "./connection.ts";
import type { ConnectionDeps, ConnectionIdentity } from "./connection-deps.ts";
import { handle } from "./handlers.ts";
import { EntryPresenter, type Presenter } from "./presenter.ts";
import { timestampOf } from "./wire-entry-of.ts";

/** A socket whose client speaks the chatbox dialect: one session at a time is its own, others are named. */
export class ChatboxConnection extends Connection {
  presenter: Presenter;
  /** What frames that name no session are about. */
  #session: Found | undefined;
  /** What the client called it: it may go on to, until it has heard the session's own id. */
  #hint: string | undefined;
  #deviceId: string;

  constructor(socket: WebSocket, identity: ConnectionIdentity, deps: ConnectionDeps) {
    super(socket, identity, deps);
    this.#deviceId = this.id;
    this.arrive(this.id);
    this.presenter = new ClassicPresenter(identity.isAdmin, () => this.now());
  }

  get deviceId(): string {
    return this.#deviceId;
  }

  /** Binds the socket to a session and says hello in the oldest words, before any frame is handled. */
  greet(saidSession: string | undefined): void {
    this.begin(this.#greet(saidSession));
  }

  async #greet(saidSession: string | undefined): Promise<void> {
    const { talk, models } = this.deps;
    try {
      const found = await talk.find(this.identity, saidSession);
      this.#bind(found, saidSession);
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

  override send(frame: ServerFrame): void {
    super.send(frame);
  }

  get speaksEntries(): boolean {
    return this.presenter instanceof EntryPresenter;
  }

  /** From now on stored things are `entry` frames. */
  speakEntries(deviceId: string | undefined): void {
    if (deviceId !== undefined && deviceId !== this.#deviceId) {
      this.#deviceId = deviceId;
      this.arrive(deviceId);
    }
    this.presenter = new EntryPresenter(this.identity.isAdmin);
  }

  /** The session that a frame is about, where there must be one: the one that it names, or the socket's. */
  async existing(frame: Naming): Promise<SessionKey> {
    const key = await this.#known(frame);
    if (key === undefined) throw new ChatError("NOT_FOUND", "there is no such session");
    this.used(key);
    return key;
  }

  /**
   * The session that something is written to, begun where there is none. An id that nobody knows leads to
   * the session that the user is in; the client is told that session's own id.
   */
  async opened(frame: Naming, modelId: string | undefined): Promise<SessionKey> {
    const { talk } = this.deps;
    const said = frame.session_id;
    const known = await this.#known(frame);
    const found = known && { key: known, exists: true };
    const fresh = found ?? (await talk.find(this.identity, said ?? this.#session?.key.sessionId));
    const key = await talk.open(this.identity, fresh, modelId);
    this.#bind({ key, exists: true }, said);
    await this.follow(key).join();
    return key;
  }

  /** Rejects where `begun` would, and begins nothing. */
  async check(frame: Naming): Promise<void> {
    if (!(await this.#mayBegin(frame))) await this.existing(frame);
  }

  /** As `opened`; but an id that nobody knows is refused where it would mean another session of the user. */
  async begun(frame: Naming): Promise<SessionKey> {
    const mayBegin = await this.#mayBegin(frame);
    return mayBegin ? this.opened(frame, undefined) : this.existing(frame);
  }

  /** Clients that make ids themselves may say anything first. */
  async #mayBegin({ session_id: said }: Naming): Promise<boolean> {
    if (this.#means(said)) return true;
    if (!this.speaksEntries) return false;
    return !(await this.deps.talk.find(this.identity, said)).exists;
  }

  async #known({ session_id: said }: Naming): Promise<SessionKey | undefined> {
    const { talk } = this.deps;
    if (!this.#means(said)) return talk.known(this.identity, said!);
    if (this.#session?.exists !== true) {
      // Another device may have begun it meanwhile, or another session.
      this.#session = await talk.find(this.identity, this.#session?.key.sessionId);
    }
    const { key, exists } = this.#session;
    return exists ? key : undefined;
  }

  /** True where a frame that says this id, or none, is about the socket's own session. */
  #means(said: string | undefined): boolean {
    return said === undefined || said === this.#session?.key.sessionId || said === this.#hint;
  }

  #bind(found: Found, said: string | undefined): void {
    this.#session = found;
    this.#hint = said;
  }

  /** Not its own session, nor one in which its user answers: there they are missed. */
  protected override tellLeft({ sessionId }: SessionKey): boolean {
    const { identity, deps } = this;
    const isOwn = sessionId === this.#session?.key.sessionId;
    if (!this.speaksEntries || isOwn || deps.isHolder(sessionId, identity.userId)) return false;
    this.send({ type: "unfollowed", session_id: sessionId });
    return true;
  }

  override migrate(afterMs: number): void {
    this.send({
      type: "migration",
      reason: "draining",
      reconnect_after_ms: afterMs,
      timestamp: this.now(),
    });
  }

  override notify(content: string): void {
    this.send({ type: "notification", timestamp: this.now(), sender: "system", content });
  }

  protected override read(text: string): Heard {
    const read = readClientFrame(text);
    const about = aboutOf(read);
    const { frame } = read;
    if (frame instanceof ChatError) {
      return { about, problem: frame, passesBy: false, run: () => Promise.resolve() };
    }
    const passesBy = PASSES_BY.has(frame.type);
    return { about, problem: undefined, passesBy, run: () => this.#handle(frame) };
  }

  protected override refusalOf(error: ChatError, about: About): ServerFrame {
    return refusalFrame(error, about, this.now());
  }

  protected override acknowledgementOf({ entry, messageId }: Said): ServerFrame {
    return {
      type: "message_ack",
      session_id: entry.sessionId,
      client_message_id: entry.clientMessageId,
      message_id: messageId,
      origin: entry.origin,
      number: entry.number,
      hlc: entry.hlc,
      status: "sent",
      timestamp: timestampOf(entry),
    };
  }

  async #handle(frame: ClientFrame): Promise<void> {
    const { timestamp } = frame;
    if (timestamp !== undefined) {
      const latest = this.deps.wallClock() + CHAT_LIMITS.aheadMs;
      if (Date.parse(timestamp) > latest) {
        throw new ChatError("INVALID_FORMAT", "timestamp is more than a minute in the future");
      }
    }
    try {
      await handle(this, frame);
    } catch (reason) {
      // A session that was erased is nobody's any more: what names none begins another.
      if (ChatError.from(reason).code === "GONE") this.#session = undefined;
      throw reason;
    }
  }
}

/** Also for who is not let in: `timestamp` is RFC 3339. */
export function refusalFrame(
  error: ChatError,
  about: About,
  timestamp: string,
): ServerFrames["error"] {
  const { sessionId, clientMessageId } = about;
  return {
    type: "error",
    ...(sessionId !== undefined && { session_id: sessionId }),
    ...(clientMessageId !== undefined && { client_message_id: clientMessageId }),
    timestamp,
    sender: "ai",
    error: errorBody(error),
  };
}

/** A frame that may name its session. */
interface Naming {
  readonly session_id?: string | undefined;
}

const PASSES_BY: ReadonlySet<string> = new Set(["stop", "ping", "heartbeat", "typing"]);

function aboutOf({
  sessionId,
  clientMessageId,
}: Pick<ReadFrame, "sessionId" | "clientMessageId">): About {
  return {
    ...(sessionId !== undefined && { sessionId }),
    ...(clientMessageId !== undefined && { clientMessageId }),
  };
}
