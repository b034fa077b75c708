import {
  createChat,
  guestToken,
  type ChatClient,
  type ChatSession,
  type Message,
  type SentFile,
} from "../../src/index.ts";
import type { MountChatOptions } from "../mount-options.ts";
import { browserStorage } from "./browser-storage.ts";
import { Drafts, isUnnamed } from "./drafts.ts";
import { serviceUrl } from "./service-url.ts";
import { RequestError, Service } from "./service.ts";
import { Uploads } from "./uploads.ts";

/** What the next thing that is sent does to a message that is there. */
export type Aim = { readonly kind: "reply" | "edit"; readonly message: Message };

/** Words to somebody, for a moment. */
export interface Word {
  readonly id: number;
  readonly text: string;
}

/** Changes within a frame are one drawing. */
const DRAW_MS = 16;

/** A conversation as the interface has it: the client's session, and what is done and not sent yet. */
export class Conversation implements Disposable {
  readonly client: ChatClient;
  readonly uploads: Uploads;
  readonly drafts = new Drafts(browserStorage("sessionStorage"));
  readonly #shown: MountChatOptions;
  readonly #service: Service;
  readonly #listeners = new Set<() => void>();
  readonly #back = () => this.uploads.retryAll();
  #session: ChatSession;
  #left: () => void = () => undefined;
  #drawing: ReturnType<typeof setTimeout> | undefined;
  #aim: Aim | undefined;
  #word: Word | undefined;
  #round = 0;
  #isOver = false;

  constructor(shown: MountChatOptions) {
    const { token, role = "user" } = shown;
    this.#shown = shown;
    const url = serviceUrl(shown.url);
    this.client = createChat({ url: `${url}/ws`, token, role });
    this.#service = new Service({
      url,
      token: token === "guest" ? guestToken(`${url}/ws`) : token,
    });
    this.uploads = new Uploads(this.#service, {
      changed: () => this.changed(),
      spoken: ({ id, sent }) => {
        this.uploads.remove(id);
        if (sent !== undefined) this.send("", [sent]);
      },
    });
    this.client.on("connection", () => this.changed());
    this.client.on("models", () => {
      this.drafts.setUser(this.client.userId);
      this.#choose();
    });
    this.client.on("notice", (text) => this.say(text));
    this.client.on("connection", ({ name }) => {
      if (name === "open") this.#back();
    });
    // A network that was away for a moment breaks uploads, and no socket.
    globalThis.addEventListener("online", this.#back);
    this.#session = this.#enter(this.client.session(shown.sessionId));
  }

  get session(): ChatSession {
    return this.#session;
  }
  /** Another number for another conversation; its id may change while it is the same. */
  get round(): number {
    return this.#round;
  }
  get aim(): Aim | undefined {
    return this.#aim;
  }
  get word(): Word | undefined {
    return this.#word;
  }
  get role(): "user" | "admin" {
    return this.#shown.role ?? "user";
  }

  connect(): void {
    this.client.connect();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Draws once, soon. */
  changed(): void {
    this.#drawing ??= setTimeout(() => this.#draw(), DRAW_MS);
  }

  #draw(): void {
    clearTimeout(this.#drawing);
    this.#drawing = undefined;
    for (const listener of this.#listeners) listener();
  }

  send(text: string, files: readonly SentFile[] = this.uploads.take()): void {
    const aim = this.#aim;
    this.aimAt(undefined);
    const id = aim?.message.id;
    if (aim?.kind === "edit" && id !== undefined) return this.#session.edit(id, text);
    const metadata = this.#shown.context?.();
    this.#session.send(text, {
      files,
      ...(id !== undefined && { replyTo: id }),
      ...(metadata !== undefined && { metadata }),
    });
  }

  aimAt(aim: Aim | undefined): void {
    this.#aim = aim;
    this.changed();
  }

  say(text: string): void {
    this.#word = { id: (this.#word?.id ?? 0) + 1, text };
    this.changed();
  }
  unsay(): void {
    this.#word = undefined;
    this.changed();
  }

  /**
   * Ends this conversation, if anything was said, and shows a new one, with what was being written. It is drawn
   * before this resolves: what is written to a field that is about to go would be lost.
   */
  async begin(): Promise<boolean> {
    const { id, isEnded, messages } = this.#session;
    if (messages.length > 0 && !isEnded && !(await this.#asked(this.#service.end(id)))) {
      return false;
    }
    this.uploads.clear();
    this.#aim = undefined;
    this.#round += 1;
    const next = this.client.begin();
    this.drafts.rename(id, next.id);
    this.#session = this.#enter(next);
    this.#choose();
    this.#draw();
    return true;
  }

  /** Where a file is; its link may have expired. */
  address(fileUrl: string): string {
    return this.#service.address(fileUrl);
  }
  isExpired(fileUrl: string): boolean {
    return this.#service.isExpired(fileUrl, Date.now());
  }
  /** Another one, good again if it can be. */
  freshLink(fileUrl: string): Promise<string> {
    return this.#service.freshLink(fileUrl).catch(() => this.#service.address(fileUrl));
  }

  /** Asks for a person; with words of one's own where nothing was said yet, so that there is something to join. */
  help(words: string): void {
    if (this.#session.messages.length === 0) this.send(words, []);
    this.#session.help();
  }

  takeOver(): Promise<boolean> {
    return this.#asked(this.#service.takeOver(this.#session.id));
  }
  /** What is being written, taken out of here: a visitor who signs in goes on writing as the user. */
  takeDraft(): string {
    const { id } = this.#session;
    const text = this.drafts.get(id);
    this.drafts.set(id, "");
    return text;
  }
  /** Before it is known who writes here. */
  putDraft(text: string): void {
    this.drafts.set(this.#session.id, text);
  }
  handBack(): Promise<boolean> {
    return this.#asked(this.#service.handBack(this.#session.id));
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#drawing);
    globalThis.removeEventListener("online", this.#back);
    this.#left();
    this.#listeners.clear();
    this.uploads.clear();
    void this.client.close();
  }

  #enter(session: ChatSession): ChatSession {
    this.#left();
    const offs = [
      session.on("change", () => this.changed()),
      session.on("answer", () => this.changed()),
      session.on("refused", ({ message, key }) => {
        if (key === undefined) this.say(message);
      }),
      session.on("renamed", ({ from, to }) => {
        if (this.#isForgotten(from)) return this.#forgot(from);
        this.drafts.rename(from, to);
        this.changed();
      }),
    ];
    this.#left = () => {
      for (const off of offs) off();
    };
    this.#shown.onSession?.(session);
    return session;
  }

  /** True where the session was somebody else's: the device has another user now, or none. */
  #isForgotten(from: string): boolean {
    if (this.client.userId !== undefined) return false;
    return !isUnnamed(from) || this.drafts.user !== undefined;
  }

  /** What they wrote goes with them; the field is drawn anew. */
  #forgot(id: string): void {
    this.drafts.set(id, "");
    this.drafts.setUser(undefined);
    this.uploads.clear();
    this.#aim = undefined;
    this.#round += 1;
    this.changed();
  }

  /** The model that the page wants, in a conversation that has none. */
  #choose(): void {
    const { model } = this.#shown;
    const isOffered = this.client.models.some(({ id }) => id === model);
    const { modelId, messages } = this.#session;
    if (isOffered && modelId === undefined && messages.length === 0) {
      this.#session.chooseModel(model!);
    }
    this.changed();
  }

  /** False: it could not be done, and why was said. */
  async #asked(asked: Promise<unknown>): Promise<boolean> {
    try {
      await asked;
      return true;
    } catch (reason) {
      this.say(reason instanceof RequestError ? reason.message : "");
      return false;
    }
  }
}
