import type { ServerFrame } from "@warren/wire";
import { Emitter } from "./emitter.ts";
import type { ConnectionState, Line, LineListener, Welcome } from "./line/line.ts";
import type { ChatSession } from "./session/chat-session.ts";
import { waitingIn } from "./session/outbox.ts";
import { Session } from "./session/session.ts";
import type { SessionDeps } from "./session/session-deps.ts";
import type { Becoming } from "./visitor/becoming.ts";

export interface ClientEvents {
  connection: ConnectionState;
  /** Models to choose from, as the service gives them at each start. */
  models: Welcome["models"];
  /** Something that belongs to no session: words of the service. */
  notice: string;
  /** Something of this device failed, and the chat goes on: a token, the browser's storage. */
  problem: { readonly what: "token" | "storage"; readonly reason: unknown };
}

/** A chat service as one user sees it. */
export interface ChatClient {
  readonly connection: ConnectionState;
  readonly models: Welcome["models"];
  /** Who the token says this is; undefined before the first connection. */
  readonly userId: string | undefined;
  on<K extends keyof ClientEvents>(name: K, listener: (event: ClientEvents[K]) => void): () => void;
  /** Connects, and stays so; while it waits for the next try: now. */
  connect(): void;
  /** Ends the connection. What was not sent is kept. Resolves once it is. */
  close(): Promise<void>;
  /** The session with an id, or the one that the user is in: a new one where there is none. */
  session(id?: string): ChatSession;
  /**
   * A new session, which begins with what is said first; from then on the user is in it. The one before is
   * to be ended first: in a session that goes on, the service keeps its user.
   */
  begin(): ChatSession;
  /** For a sign-out: forgets what was kept of this user on this device, also what was not sent. */
  forget(): Promise<void>;
}

export interface ChatOptions {
  deps: Omit<SessionDeps, "send" | "author" | "current" | "deviceId">;
  /** A user is `user`, an admin in the sessions of others `admin`. */
  role: "user" | "admin";
  /** `deviceId` is known from then on. */
  openLine: (deviceId: string, listener: LineListener) => Line;
  /** Told of what becomes of the device's own things. */
  events: Emitter<ClientEvents>;
  /** Makes the visitor of this device the user who signed in; undefined: nobody did. */
  becoming: Becoming | undefined;
}

const USER = "user";
const DEVICE = "device";
const CURRENT = "current";

/** Everything that one user has here: one connection, and sessions over it. */
export class Chat implements ChatClient {
  readonly #options: ChatOptions;
  readonly #deps: SessionDeps;
  /** Several objects may be of one session: one that was new turned out to be one that was open. */
  readonly #sessions = new Set<Session>();
  readonly #ready: Promise<void>;
  #current: Session | undefined;
  #line: Line | undefined;
  /** Of the connection that is open. */
  #welcome: Welcome | undefined;
  #isWanted = false;
  #deviceId = "";
  #userId: string | undefined;
  #models: Welcome["models"] = [];

  constructor(options: ChatOptions) {
    this.#options = options;
    const { storage } = options.deps;
    this.#deps = {
      ...options.deps,
      send: (frame) => this.#line?.send(frame) ?? false,
      deviceId: () => this.#deviceId,
      author: () => ({ sender: options.role, userId: this.#userId }),
      current: async () => {
        await this.#ready;
        return textOf(await storage.get(CURRENT));
      },
    };
    this.#ready = this.#load();
  }

  get connection(): ConnectionState {
    return this.#line?.state ?? { name: "idle" };
  }
  get models() {
    return this.#models;
  }
  get userId() {
    return this.#userId;
  }

  on<K extends keyof ClientEvents>(name: K, listener: (event: ClientEvents[K]) => void) {
    return this.#options.events.on(name, listener);
  }

  connect(): void {
    this.#isWanted = true;
    void this.#dial();
  }

  async close(): Promise<void> {
    this.#isWanted = false;
    this.#options.becoming?.stop();
    this.#line?.close();
    await Promise.all([...this.#sessions].map((session) => session.keep()));
  }

  session(id?: string): ChatSession {
    if (id === undefined) return this.#currentSession();
    const known = this.#of(id)[0];
    known?.wanted();
    return known ?? this.#open(id);
  }

  begin(): ChatSession {
    const session = this.#open(this.#options.deps.newId().replaceAll("-", ""));
    this.#current = session;
    void this.#keepCurrent(session);
    return session;
  }

  async forget(): Promise<void> {
    await this.#ready;
    await this.#wipe();
  }

  async #dial(): Promise<void> {
    await this.#ready;
    // Before the service is asked which session the user is in.
    if (this.#line === undefined) await this.#options.becoming?.start(() => this.#joined());
    if (!this.#isWanted) return;
    this.#line ??= this.#options.openLine(this.#deviceId, this.#listener());
    this.#line.connect();
  }

  /** The user is known: what a visitor said who is the user now is theirs, and what waits is said. */
  async #settle(welcome: Welcome): Promise<void> {
    const landed = await this.#options.becoming?.land(welcome.userId);
    const waiting = await waitingIn(this.#deps.storage);
    const where = landed?.sessionId;
    for (const id of waiting) if (id !== where) this.#sayIn(id, landed !== undefined);
    if (where === undefined) return;
    await this.#goOn(welcome, where);
    if (waiting.has(where)) this.#sayIn(where, true);
  }

  /** What waits in a session, also in one that nobody looks at. `isNews`: it was put there from elsewhere. */
  #sayIn(id: string, isNews: boolean): void {
    const known = this.#of(id);
    if (known.length === 0) this.#open(id);
    else if (isNews) void known[0]!.recall();
  }

  /** The user goes on where the visitor was, unless they are in a session in which something was said. */
  async #goOn(welcome: Welcome, sessionId: string): Promise<void> {
    const session = this.#current;
    await session?.live();
    const isFree = session?.messages.length === 0 && session.id !== sessionId;
    if (!isFree || this.#welcome !== welcome) return;
    session.forget();
    await session.opened({ ...welcome, sessionId });
  }

  #currentSession(): Session {
    if (this.#current !== undefined && !this.#current.isEnded) {
      this.#current.wanted();
      return this.#current;
    }
    const session = this.#open(undefined);
    this.#current = session;
    void this.#keepCurrent(session);
    return session;
  }

  /** Also of one that nobody has named: what waits in it must be found again. */
  async #keepCurrent(session: Session): Promise<void> {
    await session.loaded();
    if (session === this.#current) await this.#deps.storage.set(CURRENT, session.id);
  }

  #open(id: string | undefined): Session {
    const session: Session = new Session(id, this.#deps, (renamed) => this.#renamed(renamed));
    this.#sessions.add(session);
    if (this.#welcome !== undefined) void session.opened(this.#welcome);
    return session;
  }

  #renamed(session: Session): void {
    if (session === this.#current) void this.#deps.storage.set(CURRENT, session.id);
  }

  #listener(): LineListener {
    return {
      state: (state) => {
        if (state.name !== "open" && this.#welcome !== undefined) {
          this.#welcome = undefined;
          for (const session of this.#sessions) session.down();
        }
        this.#options.events.emit("connection", state);
      },
      opened: (welcome) => void this.#opened(welcome),
      frame: (frame) => this.#hear(frame),
    };
  }

  async #opened(welcome: Welcome): Promise<void> {
    if (this.#userId !== undefined && this.#userId !== welcome.userId) await this.#wipe();
    if (this.connection.name !== "open") return;
    this.#userId = welcome.userId;
    void this.#deps.storage.set(USER, welcome.userId);
    this.#welcome = welcome;
    this.#models = welcome.models;
    this.#options.events.emit("models", welcome.models);
    for (const session of this.#sessions) void session.opened(welcome);
    void this.#settle(welcome);
  }

  /** Where there is no user yet, it is seen to once there is. */
  #joined(): void {
    if (this.#welcome !== undefined) void this.#settle(this.#welcome);
  }

  #hear(frame: ServerFrame): void {
    if (frame.type === "resumed") {
      for (const state of frame.sessions) {
        for (const session of this.#of(state.asked ?? state.session_id)) session.resumed(state);
      }
      return;
    }
    if (frame.type === "notification") return this.#options.events.emit("notice", frame.content);
    const about = "client_message_id" in frame ? frame.client_message_id : undefined;
    const isAnswer = frame.type === "message_ack" || frame.type === "error";
    if (isAnswer && about !== undefined) {
      for (const session of this.#sessions) if (session.said(about)) session.hear(frame);
      return;
    }
    const id = "session_id" in frame ? frame.session_id : undefined;
    if (id !== undefined) for (const session of this.#of(id)) session.hear(frame);
  }

  #of(id: string): Session[] {
    return [...this.#sessions].filter((session) => session.id === id);
  }

  /** The device's name stays: it is the device's. */
  async #wipe(): Promise<void> {
    const { storage } = this.#deps;
    // One that is still being loaded would have what it was to forget.
    await Promise.all([...this.#sessions].map((session) => session.loaded()));
    // First: whoever hears that a session is forgotten sees that it is nobody's.
    this.#userId = undefined;
    for (const session of this.#sessions) session.forget();
    await storage.clear();
    await storage.set(DEVICE, this.#deviceId);
    if (this.#current !== undefined) await this.#keepCurrent(this.#current);
  }

  async #load(): Promise<void> {
    const { storage, newId } = this.#options.deps;
    const kept = textOf(await storage.get(DEVICE));
    this.#deviceId = kept ?? newId();
    if (kept === undefined) void storage.set(DEVICE, this.#deviceId);
    this.#userId = textOf(await storage.get(USER));
  }
}

function textOf(kept: unknown): string | undefined {
  return typeof kept === "string" ? kept : undefined;
}
