import { render } from "preact";
import { Emitter } from "../../src/emitter.ts";
import type { ChatSession } from "../../src/index.ts";
import { applyLook, type Look } from "../look.ts";
import { uiOf } from "../mount-chat.tsx";
import type { MountChatOptions, Theme } from "../mount-options.ts";
import { browserStorage } from "../talk/browser-storage.ts";
import { Conversation } from "../talk/conversation.ts";
import { forgetDrafts } from "../talk/drafts.ts";
import { serviceUrl } from "../talk/service-url.ts";
import { TEXTS } from "../texts.ts";
import type { Ui } from "../view/ui.ts";
import { Corner } from "./corner.tsx";
import { TitleBadge } from "./title-badge.ts";
import type { WidgetEvents, WidgetOptions } from "./widget-options.ts";

/** What is shown of the conversation, while there is one. */
export interface Shown {
  readonly conversation: Conversation;
  readonly ui: Ui;
  readonly options: MountChatOptions;
}

/**
 * A button in the corner of a page, and the conversation that it opens.
 *
 * Who never talked here costs the service nothing: a conversation begins when it is first opened. Who did is
 * connected from the start, so that the badge says what came meanwhile.
 */
export class Widget implements Disposable {
  readonly #events: Emitter<WidgetEvents>;
  readonly #options: WidgetOptions;
  readonly #host = document.createElement("div");
  readonly #root: ShadowRoot;
  readonly #look: Look;
  readonly #title = new TitleBadge(document);
  #token: MountChatOptions["token"];
  #context: Readonly<Record<string, string>> = {};
  #shown: Shown | undefined;
  #isOpen = false;
  #unread = 0;
  #connection = "idle";

  constructor(options: WidgetOptions, events: Emitter<WidgetEvents>) {
    this.#options = options;
    this.#events = events;
    this.#token = options.token ?? "guest";
    this.#host.setAttribute("data-layout", "corner");
    this.#host.setAttribute("data-position", options.position ?? "right");
    const { root, look } = applyLook(this.#host, options);
    this.#root = root;
    this.#look = look;
    document.body.append(this.#host);
    if (options.open === true) this.open();
    else if (this.#isKnown()) this.#begin();
    this.#draw();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    if (this.#shown === undefined) this.#begin();
    this.#draw();
    this.#focus("textarea");
    this.#events.emit("open", undefined);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#draw();
    this.#focus(".launcher");
    this.#events.emit("close", undefined);
  }

  /** Somebody signed in, or out (`guest`): their conversation takes the place of the one that was there. */
  identify(token: MountChatOptions["token"]): void {
    const wasGuest = this.#token === "guest";
    this.#token = token;
    const { conversation } = this.#shown ?? {};
    const draft = wasGuest && token !== "guest" ? conversation?.takeDraft() : undefined;
    if (token === "guest" && !wasGuest) forgetDrafts(browserStorage("sessionStorage"));
    this.#end();
    if (conversation !== undefined || this.#isOpen) this.#begin(draft);
    this.#draw();
  }

  /** Goes with every message from now on. */
  setContext(context: Readonly<Record<string, string>>): void {
    this.#context = { ...context };
  }

  setTheme(theme: Theme): void {
    this.#look.setTheme(theme);
  }

  [Symbol.dispose](): void {
    render(null, this.#root);
    this.#end();
    this.#title[Symbol.dispose]();
    this.#look[Symbol.dispose]();
    this.#host.remove();
  }

  #begin(draft = ""): void {
    const { position: _position, open: _open, ...look } = this.#options;
    const options: MountChatOptions = {
      title: look.texts?.title ?? TEXTS.title,
      ...look,
      token: this.#token,
      context: () => this.#context,
      onClose: () => this.close(),
      onSession: (session) => this.#watch(session),
    };
    const conversation = new Conversation(options);
    this.#shown = { conversation, options, ui: uiOf(conversation, options) };
    if (draft !== "") conversation.putDraft(draft);
    conversation.subscribe(() => this.#changed());
    conversation.connect();
  }

  #end(): void {
    this.#shown?.conversation[Symbol.dispose]();
    this.#shown = undefined;
    this.#title.show(0);
  }

  #watch(session: ChatSession): void {
    session.on("message", ({ sender, name, content }) => {
      this.#events.emit("message", { sender, name, text: content });
    });
    this.#events.emit("session", { id: session.id });
    session.on("renamed", ({ to }) => this.#events.emit("session", { id: to }));
  }

  #changed(): void {
    const { conversation } = this.#shown!;
    const { session, client } = conversation;
    if (session.messages.length > 0) this.#know();
    if (client.connection.name !== this.#connection) {
      this.#connection = client.connection.name;
      this.#events.emit("connection", this.#connection);
    }
    if (session.unread === this.#unread) return;
    this.#unread = session.unread;
    this.#title.show(this.#unread);
    this.#events.emit("unread", this.#unread);
    this.#draw();
  }

  #draw(): void {
    const toggle = () => (this.#isOpen ? this.close() : this.open());
    const { texts } = this.#options;
    const isOpen = this.#isOpen;
    const corner = { shown: this.#shown, isOpen, unread: this.#unread, texts, toggle };
    render(<Corner {...corner} />, this.#root);
  }

  #focus(selector: string): void {
    this.#root.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true });
  }

  /** True for a device on which somebody talked before, in this chat. */
  #isKnown(): boolean {
    return browserStorage("localStorage")?.getItem(this.#knownKey()) === "yes";
  }
  #know(): void {
    if (!this.#isKnown()) browserStorage("localStorage")?.setItem(this.#knownKey(), "yes");
  }
  #knownKey(): string {
    return `warren-chat known ${serviceUrl(this.#options.url)}`;
  }
}
