import { CHAT_CODES, ChatError, type ChatErrorCode } from "@warren/wire";
import type { WebSocket } from "ws";
import type { SessionKey } from "../log/entry.ts";
import type { Recorded } from "../log/journal.ts";
import type { Said } from "../log/said.ts";
import { messageIdOf } from "../log/view.ts";
import type { ConnectionDeps, ConnectionIdentity } from "./connection-deps.ts";
import { Follower, type Reader } from "./follower.ts";
import { EASE, Outgoing, type OutgoingOwner } from "./outgoing.ts";
import type { PageOptions } from "./pages.ts";
import type { Renewed } from "./ports.ts";
import { takeTurn } from "./take-turn.ts";
import { ReceiptGate } from "./receipt-gate.ts";
import type { Presenter } from "./presenter.ts";

/** Frames that wait their turn before the socket is no longer read. */
const MOST_WAITING = 32;
const FEW_WAITING = 8;
/** Sessions that one socket follows at once; where a client can be told, the one used longest ago is left for another. */
const MOST_FOLLOWED = 100;

/** Whoever said nothing for this long is asked whether they are there (`reference/chatbox.md` W-8). */
const SILENT_MS = 48_000;
/** Who has not answered that within this is gone. */
const ANSWER_MS = 12_000;

/** The client's own names for what a frame is about. */
export interface About {
  readonly sessionId?: string;
  readonly clientMessageId?: string;
}

/** A frame that came in, in whatever dialect. */
export interface Heard {
  readonly about: About;
  /** Undefined: it can be read. */
  readonly problem: ChatError | undefined;
  /** It cannot wait for those before it. */
  readonly passesBy: boolean;
  /** Does what it says. Rejects with what is wrong with it. */
  run(): Promise<void>;
}

/**
 * One socket of a client, in whatever dialect it speaks: a dialect says how frames are read, what they do
 * and how things are worded, and all else is here.
 *
 * 1. Its frames are handled one after the other, so that what is said keeps its order; what cannot wait
 *    (`stop`, `ping`, `typing`) passes by.
 * 2. Every frame that is refused is answered on this socket, with the client's own id for it.
 * 3. A client that does not read is cut off at a bound of bytes, with a code that says: come back.
 */
export abstract class Connection implements OutgoingOwner, Reader {
  readonly id: string;
  readonly identity: ConnectionIdentity;
  readonly deps: ConnectionDeps;
  readonly receipts: ReceiptGate;
  /** By the clock. */
  readonly openedMs: number;
  readonly #socket: WebSocket;
  readonly #outgoing: Outgoing;
  readonly #followed = new Map<string, Follower>();
  /** Entries that this socket said and has not heard of yet. */
  #own: Set<string> | undefined;
  #greeted: Promise<void> = Promise.resolve();
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #expiresAtMs = 0;
  #heardMs: number;
  /** When it was asked whether it is there, and has not been heard of since. */
  #askedMs: number | undefined;
  #forgetExpiry: (() => void) | undefined;
  #depart: (() => void) | undefined;
  #isOver = false;
  #isBarred = false;

  constructor(socket: WebSocket, identity: ConnectionIdentity, deps: ConnectionDeps) {
    this.id = deps.newId();
    this.identity = identity;
    this.deps = deps;
    this.receipts = new ReceiptGate(deps.log);
    this.#socket = socket;
    const { mostWaitingBytes: mostBytes, writes } = deps;
    this.#outgoing = new Outgoing({ socket, writes, mostBytes, owner: this });
    this.openedMs = deps.clock.now();
    this.#heardMs = this.openedMs;
    const heard = () => {
      this.#heardMs = deps.clock.now();
      this.#askedMs = undefined;
    };
    socket.on("pong", heard).on("ping", heard);
    socket.on("message", (data: Buffer) => {
      heard();
      this.receive(data.toString("utf8"));
    });
    socket.on("close", () => this.#closed());
    socket.on("error", () => socket.terminate());
    this.expireAt(identity.expiresAtMs);
  }

  /** How what happens is worded now. */
  abstract get presenter(): Presenter;
  protected abstract read(text: string): Heard;
  protected abstract refusalOf(error: ChatError, about: About): object;
  protected abstract acknowledgementOf(said: Said, about: About): object;
  /** Tells the client to come back elsewhere after so long. */
  abstract migrate(afterMs: number): void;
  /** Tells the person something about their connections. */
  abstract notify(content: string): void;

  /** RFC 3339. */
  now(): string {
    return new Date(this.deps.wallClock()).toISOString();
  }

  /** What comes before any frame is handled. Must not reject. */
  protected begin(greeting: Promise<void>): void {
    this.#greeted = greeting;
    this.#turn = greeting;
  }

  /** In the directory of who is where under this device, and no other. */
  protected arrive(deviceId: string): void {
    this.#depart?.();
    const { userId } = this.identity;
    this.#depart = this.deps.arrive({ userId, deviceId, connectionId: this.id });
  }

  send(frame: object): void {
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
  refuse(reason: unknown, about: About): void {
    const error = ChatError.from(reason);
    this.deps.events.refused(error);
    this.send(this.refusalOf(error, about));
  }

  follow(key: SessionKey): Follower {
    const known = this.#followed.get(key.sessionId);
    if (known !== undefined) {
      this.used(key);
      return known;
    }
    if (this.#followed.size >= MOST_FOLLOWED && !this.#leaveOne()) {
      throw new ChatError(
        "TOO_MANY_REQUESTS",
        `a socket follows at most ${MOST_FOLLOWED} sessions`,
      );
    }
    const { hub, journal, runs } = this.deps;
    const follower = new Follower({ reader: this, key, hub, journal, runs });
    this.#followed.set(key.sessionId, follower);
    return follower;
  }

  /** Its client is about this session now: others are left before it. */
  protected used({ sessionId }: SessionKey): void {
    const follower = this.#followed.get(sessionId);
    if (follower === undefined) return;
    this.#followed.delete(sessionId);
    this.#followed.set(sessionId, follower);
  }

  /** True where the session may be left and the client was told so: it knows nothing of it from then on. */
  protected abstract tellLeft(key: SessionKey): boolean;

  /** The first are those that were used longest ago. */
  #leaveOne(): boolean {
    for (const [sessionId, follower] of this.#followed) {
      if (!this.tellLeft(follower.key)) continue;
      this.#followed.delete(sessionId);
      follower.leave();
      return true;
    }
    return false;
  }

  /** True, once, for what this socket said itself. */
  isOwn({ messageId }: Said): boolean {
    return this.#own?.delete(messageId) === true;
  }

  overflowed(): void {
    this.deps.events.slowConsumer();
    this.close("SLOW_CONSUMER");
  }

  dropped(): void {
    if (this.identity.isAdmin) this.deps.events.adminMessageDropped();
  }

  /** Something is said on this socket: the echo of it is known by its name, and it is acknowledged. */
  async say(
    of: { key: SessionKey; author: string; clientMessageId: string },
    say: () => Promise<Recorded>,
    about: About = {},
  ): Promise<void> {
    const { key, author, clientMessageId } = of;
    const messageId = messageIdOf({ sessionId: key.sessionId, author, clientMessageId });
    const own = (this.#own ??= new Set());
    own.add(messageId);
    try {
      this.acknowledge(await say(), about);
    } finally {
      own.delete(messageId);
    }
  }

  acknowledge({ said }: Recorded, about: About = {}): void {
    this.send(this.acknowledgementOf(said, about));
  }

  /** Epoch milliseconds: of the token that counts now. */
  get expiresAtMs(): number {
    return this.#expiresAtMs;
  }

  /**
   * Another token of the same user counts from now on; throws a `ChatError` for another's. What a socket may
   * do and see was settled when it came in: one whose role is another now is sent to come in again.
   */
  renew({ userId, isAdmin, expiresAtMs }: Renewed): void {
    if (userId !== this.identity.userId) {
      throw new ChatError("UNAUTHORIZED", "the token is another user's");
    }
    if (isAdmin !== this.identity.isAdmin) {
      this.close("DRAINING");
      this.#isBarred = true;
      return;
    }
    this.expireAt(expiresAtMs);
  }

  /** A token counts until then, and the socket no longer. */
  expireAt(expiresAtMs: number): void {
    const { clock, wallClock } = this.deps;
    this.#expiresAtMs = expiresAtMs;
    this.#forgetExpiry?.();
    const leftMs = expiresAtMs - wallClock();
    this.#forgetExpiry = clock.after(leftMs, () => this.close("EXPIRED_TOKEN"));
  }

  /** Asks a client that was not heard of for long, and cuts off one that does not answer. */
  look(): void {
    const now = this.deps.clock.now();
    if (this.#isOver) return;
    // What we do not read we cannot hear.
    if (this.#socket.isPaused) {
      this.#askedMs = undefined;
      return;
    }
    if (this.#askedMs !== undefined) {
      if (now - this.#askedMs >= ANSWER_MS) this.#socket.terminate();
      return;
    }
    if (now - this.#heardMs < SILENT_MS) return;
    this.#askedMs = now;
    this.#outgoing.flush();
    this.#socket.ping();
  }

  /** Says why and closes: what the code means is in its table. */
  close(code: ChatErrorCode): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isBarred = BARRING.has(code);
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

  /** A frame came, or had come before it was known whose socket it is. */
  receive(text: string): void {
    if (this.#isOver) return;
    const heard = this.read(text);
    this.deps.events.received();
    this.#waiting += 1;
    if (this.#waiting >= MOST_WAITING) this.#socket.pause();
    if (heard.problem === undefined && heard.passesBy) void this.#after(this.#greeted, heard);
    else this.#turn = this.#after(this.#turn, heard);
  }

  async #after(before: Promise<void>, heard: Heard): Promise<void> {
    await before;
    await this.#do(heard).catch((reason: unknown) => this.refuse(reason, heard.about));
    this.#waiting -= 1;
    if (this.#socket.isPaused && this.#waiting <= FEW_WAITING) this.#socket.resume();
  }

  /** What cannot be read is counted as well: it has to be parsed and answered like anything else. */
  async #do(heard: Heard): Promise<void> {
    // It had waited while the right to say it ended.
    if (this.#isBarred) return;
    if (heard.problem === undefined) return heard.run();
    await takeTurn(this, false);
    throw heard.problem;
  }

  #closed(): void {
    this.#isOver = true;
    this.#depart?.();
    this.#forgetExpiry?.();
    this.#leave();
    this.deps.closed(this);
  }

  #leave(): void {
    for (const follower of this.#followed.values()) follower.leave();
    this.#followed.clear();
  }
}

/** After these the socket is closed. */
const FATAL: ReadonlySet<ChatErrorCode> = new Set(["INVALID_TOKEN", "EXPIRED_TOKEN"]);

/** What came before such a close and has not been done is not done any more. */
const BARRING: ReadonlySet<ChatErrorCode> = new Set([...FATAL, "GONE"]);

/** The part of a refusal that both dialects have. */
export function errorBody({ code, message, retryAfterMs }: ChatError) {
  return {
    code,
    message,
    recoverable: !FATAL.has(code),
    ...(retryAfterMs !== undefined && { retry_after: Math.ceil(retryAfterMs) }),
  };
}
