import type { ServerFrame, ServerFrames, WireEntry } from "@warren/wire";
import { Emitter } from "../emitter.ts";
import type { Welcome } from "../line/line.ts";
import type { ChatSession, SendOptions, SentFile, SessionEvents } from "./chat-session.ts";
import { Content } from "./content.ts";
import type { Message } from "./message.ts";
import type { Saying, ShownFile } from "./outbox.ts";
import { OwnTyping, Passing } from "./passing.ts";
import type { SessionDeps } from "./session-deps.ts";
import { Sync } from "./sync.ts";

/** What a page does with a session, and what it sees of it. */
export class Session implements ChatSession {
  readonly #events = new Emitter<SessionEvents>();
  readonly #content: Content;
  readonly #sync: Sync;
  readonly #passing: Passing;
  readonly #ownTyping: OwnTyping;

  /** `id`: undefined for the session that the user is in. `renamed`: it has another id. */
  constructor(
    id: string | undefined,
    deps: SessionDeps,
    renamed: (session: Session, from: string) => void,
  ) {
    const changed = () => this.#events.emit("change", undefined);
    this.#passing = new Passing(deps.clock, changed);
    this.#content = new Content(id, deps, {
      changed,
      renamed: (from, to) => {
        renamed(this, from);
        this.#events.emit("renamed", { from, to });
      },
    });
    this.#sync = new Sync(this.#content, deps, {
      state: changed,
      came: (entries) => this.#came(entries),
      answered: (runId) => this.#answered(runId),
    });
    this.#ownTyping = new OwnTyping(
      deps.clock,
      (on) => void this.#sync.tell({ type: "typing", on }),
    );
  }

  get id() {
    return this.#content.id;
  }
  get state() {
    return this.#sync.state;
  }
  get messages() {
    return this.#content.messages;
  }
  get answers() {
    return this.#content.answers.all;
  }
  get control() {
    return this.#content.view.control;
  }
  get typing() {
    return this.#passing.typing;
  }
  get presence() {
    return this.#passing.presence;
  }
  get waiting() {
    return this.#passing.waiting;
  }
  get unread() {
    return this.#sync.receipts.unread.length;
  }
  get name() {
    return this.#content.view.name;
  }
  get modelId() {
    return this.#content.view.modelId;
  }
  get isHelpOpen() {
    return this.#content.view.isHelpOpen;
  }
  get isEnded() {
    return this.#content.view.isEnded;
  }
  get hasOlder() {
    return this.#content.log.hasOlder;
  }

  on<K extends keyof SessionEvents>(name: K, listener: (event: SessionEvents[K]) => void) {
    return this.#events.on(name, listener);
  }

  loaded(): Promise<void> {
    return this.#content.loaded;
  }

  send(text: string, options: SendOptions = {}): Message {
    this.#ownTyping.forget();
    const { files = [] } = options;
    const keys = sayingsOf(text, options).map((saying, at) =>
      this.#queue(saying, shown(files[at])),
    );
    return this.messages.find(({ key }) => key === keys.at(-1))!;
  }

  retry(key: string): void {
    const { outbox } = this.#content;
    const item = outbox.get(key);
    if (item?.failure === undefined) return;
    outbox.putLast({ ...item, failure: undefined, failedAfter: undefined });
    this.#content.changed();
    this.wanted();
    this.#sync.dispatch.go();
  }

  discard(key: string): boolean {
    const { outbox } = this.#content;
    const item = outbox.get(key);
    const isOnItsWay = this.#sync.dispatch.inFlight === key || item?.acknowledged !== undefined;
    if (item === undefined || isOnItsWay) return false;
    outbox.remove(key);
    this.#content.changed();
    return true;
  }

  edit(messageId: string, text: string): void {
    this.#queue({ type: "edit", message_id: messageId, content: text });
  }
  delete(messageId: string): void {
    this.#queue({ type: "delete", message_id: messageId });
  }
  react(messageId: string, emoji: string, isOn = true): void {
    this.#queue({ type: "reaction", message_id: messageId, emoji, on: isOn });
  }
  chooseModel(modelId: string): void {
    this.#queue({ type: "model_select", model_id: modelId });
  }
  help(): void {
    this.#queue({ type: "help_request", content: "" });
  }
  end(): void {
    this.#queue({ type: "end_session" });
  }
  stop(runId?: string): boolean {
    return this.#sync.tell({ type: "stop", ...(runId !== undefined && { run_id: runId }) });
  }
  regenerate(messageId: string): boolean {
    return this.#sync.tell({ type: "regenerate", message_id: messageId });
  }
  continue(messageId: string): boolean {
    return this.#sync.tell({ type: "continue", message_id: messageId });
  }
  typingNow(isOn = true): void {
    this.wanted();
    if (this.state === "live") this.#ownTyping.set(isOn);
  }
  older(limit = 100): Promise<boolean> {
    return this.#sync.older(limit);
  }
  markRead(): void {
    this.wanted();
    if (this.#sync.receipts.markRead()) this.#content.changed();
  }

  opened(welcome: Welcome): Promise<void> {
    return this.#sync.opened(welcome);
  }

  down(): void {
    this.#passing.clear();
    this.#ownTyping.forget();
    this.#sync.down();
  }

  /** Somebody has asked for it. */
  wanted(): void {
    this.#sync.wanted();
  }

  forget(): void {
    this.#content.forget();
  }

  keep(): Promise<void> {
    return this.#content.keep();
  }

  /** Resolves once it has what the service has. */
  async live(): Promise<void> {
    if (this.state === "live") return;
    await new Promise<void>((resolve) => {
      const off = this.on("change", () => {
        if (this.state !== "live") return;
        off();
        resolve();
      });
    });
  }

  /** Something was kept from elsewhere that is to be said here. */
  async recall(): Promise<void> {
    await this.#content.recall();
    this.#sync.dispatch.go();
  }

  /** True for a thing that was said here and of which the entry has not come. */
  said(clientMessageId: string): boolean {
    return this.#content.outbox.get(clientMessageId) !== undefined;
  }

  /** A frame about this session, or about something that was said in it. */
  hear(frame: ServerFrame): void {
    switch (frame.type) {
      case "message_ack":
        return this.#sync.acknowledged(frame);
      case "error":
        return this.#refused(frame);
      case "typing":
        this.#passing.typed(frame);
        return this.#events.emit("change", undefined);
      case "presence":
        this.#passing.seen(frame);
        return this.#events.emit("change", undefined);
      case "queue":
        this.#passing.queued(frame);
        return this.#events.emit("change", undefined);
      case "unfollowed":
        this.#passing.clear();
        this.#ownTyping.forget();
        return this.#sync.left();
      case "connection_status":
        if (frame.content !== undefined) this.#events.emit("notice", frame.content);
        return;
      default:
        this.#sync.hear(frame);
    }
  }

  resumed(state: ServerFrames["resumed"]["sessions"][number]): void {
    this.#sync.resumed(state);
  }

  #queue(saying: Saying, file?: ShownFile): string {
    const key = this.#content.queue(saying, file);
    this.wanted();
    this.#sync.dispatch.go();
    return key;
  }

  #refused(frame: ServerFrames["error"]): void {
    const { client_message_id: said, error } = frame;
    const { code, message, retry_after: retryAfterMs } = error;
    if (said === undefined) {
      if (!this.#sync.refused(frame)) this.#events.emit("refused", { code, message, key: said });
      return;
    }
    if (!this.#sync.dispatch.refused(said, { code, message }, retryAfterMs)) return;
    // A change that was refused is undone; a message stays, to be tried again or taken back.
    const isMessage = this.messages.some(({ key }) => key === said);
    if (isMessage) this.#content.stay(said);
    else this.#content.outbox.remove(said);
    this.#content.changed();
    this.#events.emit("refused", { code, message, key: isMessage ? said : undefined });
  }

  #came(entries: readonly WireEntry[]): void {
    for (const entry of entries) if (entry.kind === "message") this.#passing.spoke(entry);
    const names = new Set(entries.map(({ message_id }) => message_id));
    for (const message of this.messages) {
      if (!message.isMine && names.has(message.id ?? "")) this.#events.emit("message", message);
    }
  }

  #answered(runId: string): void {
    const answer = this.answers.find((one) => one.runId === runId);
    if (answer !== undefined) this.#events.emit("answer", answer);
    this.#events.emit("change", undefined);
  }
}

function shown(file: SentFile | undefined): ShownFile | undefined {
  if (file === undefined) return undefined;
  const { name, contentType, bytes } = file;
  return {
    ...(name !== undefined && { name }),
    ...(contentType !== undefined && { content_type: contentType }),
    ...(bytes !== undefined && { bytes }),
  };
}

/** Each file is a message of its own; the text goes with the last, and is what an answer is to. */
function sayingsOf(text: string, { files = [], replyTo, metadata }: SendOptions): Saying[] {
  const of = {
    ...(replyTo !== undefined && { reply_to: replyTo }),
    ...(metadata && { metadata: { ...metadata } }),
  };
  if (files.length === 0) return [{ type: "user_message", content: text, ...of }];
  return files.map(({ fileId: file_id, fileUrl: file_url, isVoice }, at) => ({
    type: isVoice === true ? ("voice_message" as const) : ("file_upload" as const),
    file_id,
    file_url,
    content: at === files.length - 1 ? text : "",
    more: at < files.length - 1,
    ...of,
  }));
}
