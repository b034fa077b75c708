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
  protected presenter: Presenter;
  /** What frames that name no session are about. */
  #session: Found | undefined;
  #deviceId: string;

  constructor(socket: WebSocket, identity: ConnectionIdentity, deps: ConnectionDeps) {
    super(socket, identity, deps);
    this.#deviceId = this.id;
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

  override send(frame: ServerFrame): void {
    super.send(frame);
  }

  /** From now on stored things are `entry` frames. */
  speakEntries(deviceId: string | undefined): void {
    this.#deviceId = deviceId ?? this.#deviceId;
    this.presenter = new EntryPresenter(this.identity.isAdmin);
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

  /** A session that was erased is nobody's any more: what names none begins another. */
  override refuse(reason: unknown, about: About): void {
    if (ChatError.from(reason).code === "GONE") this.#session = undefined;
    super.refuse(reason, about);
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
    await handle(this, frame);
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
