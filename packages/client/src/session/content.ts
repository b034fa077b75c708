import type { WireEntry } from "@warren/wire";
import { Alarm } from "../clock.ts";
import { SessionLog, type LogRecord } from "../log/session-log.ts";
import type { Versions } from "../log/versions.ts";
import { view, type View } from "../log/view.ts";
import { Answers } from "./answers.ts";
import { messageOf, type Message } from "./message.ts";
import { Outbox, type Saying, type ShownFile } from "./outbox.ts";
import { provisional } from "./provisional.ts";
import type { SessionDeps } from "./session-deps.ts";

/** Sessions that the service has not named yet. */
const UNNAMED = "new-";
/** Entries that are kept for the next time. */
const MOST_KEPT = 300;
/** What comes within this is kept by one write. */
const KEEP_MS = 250;

interface Kept extends LogRecord {
  readonly read: Versions;
}

export interface ContentEvents {
  changed(): void;
  renamed(from: string, to: string): void;
}

/**
 * What a session has, from its log and from what is still to be said: both show by the same rules. It is kept
 * for the next time.
 */
export class Content {
  readonly answers = new Answers();
  /** Resolves once what was kept is here. Never rejects. */
  readonly loaded: Promise<void>;
  log = new SessionLog();
  outbox: Outbox;
  /** What was read here, told or not. */
  read: Versions = {};
  readonly #deps: SessionDeps;
  readonly #events: ContentEvents;
  readonly #keep: Alarm;
  #id: string;
  #view: View | undefined;
  #messages: readonly Message[] | undefined;

  /** `id`: undefined for the session that the user is in. */
  constructor(id: string | undefined, deps: SessionDeps, events: ContentEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#id = id ?? UNNAMED + deps.newId();
    this.outbox = new Outbox(deps.storage, this.#id);
    this.#keep = new Alarm(deps.clock);
    this.loaded = this.#load();
  }

  get id(): string {
    return this.#id;
  }

  get isUnnamed(): boolean {
    return this.#id.startsWith(UNNAMED);
  }

  get view(): View {
    this.#view ??= view(this.#entries());
    return this.#view;
  }

  get messages(): readonly Message[] {
    this.#messages ??= this.#draw();
    return this.#messages;
  }

  /** Something is to be said. Returns its key. */
  queue(saying: Saying, file?: ShownFile): string {
    const clientMessageId = this.#deps.newId();
    const saidAtMs = this.#deps.wallClock();
    const fresh = { failure: undefined, acknowledged: undefined };
    this.outbox.put({ clientMessageId, saying, file, saidAtMs, ...fresh });
    this.changed();
    return clientMessageId;
  }

  /** A message failed: it stays where it is, and what is said from now on comes below it. */
  stay(clientMessageId: string): void {
    const item = this.outbox.get(clientMessageId);
    if (item !== undefined) this.outbox.put({ ...item, failedAfter: this.log.hlc });
  }

  /** Entries became part of the log: what was said here and is among them is said. */
  took(entries: readonly WireEntry[]): void {
    const { userId } = this.#deps.author();
    for (const { client_message_id, author_id, message_id } of entries) {
      if (userId !== undefined && author_id === userId) this.outbox.remove(client_message_id);
      this.answers.settle(message_id);
    }
    this.changed();
    this.answers.fence(this.view.control.epoch);
  }

  changed(): void {
    this.#view = undefined;
    this.#messages = undefined;
    if (!this.#keep.isSet) this.#keep.set(KEEP_MS, () => void this.keep());
    this.#events.changed();
  }

  /** The service has given it another id. */
  rename(to: string): void {
    const from = this.#id;
    if (from === to) return;
    if (!from.startsWith(UNNAMED)) void this.#deps.storage.delete(keyOf(from));
    this.#id = to;
    this.outbox.rename(to);
    this.#events.renamed(from, to);
  }

  /** The device is another user's now: what is here is not theirs. */
  forget(): void {
    const from = this.#id;
    this.#id = UNNAMED + this.#deps.newId();
    this.log = new SessionLog();
    this.outbox.forget();
    this.outbox = new Outbox(this.#deps.storage, this.#id);
    this.read = {};
    this.answers.replace([]);
    this.#events.renamed(from, this.#id);
    this.changed();
  }

  async recall(): Promise<void> {
    await this.loaded;
    await this.outbox.load();
    this.changed();
  }

  /** Keeps at once what would be kept in a moment. */
  async keep(): Promise<void> {
    this.#keep.clear();
    if (this.isUnnamed) return;
    const kept: Kept = { ...this.log.record(MOST_KEPT), read: this.read };
    await this.#deps.storage.set(keyOf(this.#id), kept);
  }

  async #load(): Promise<void> {
    const { storage, current } = this.#deps;
    const id = this.isUnnamed ? await current() : this.#id;
    const kept =
      id === undefined ? undefined : ((await storage.get(keyOf(id))) as Kept | undefined);
    // One that has ended is not gone back to by itself.
    const isOver = this.isUnnamed && kept?.entries.some(({ kind }) => kind === "ended") === true;
    if (id !== undefined && !isOver) {
      this.rename(id);
      if (kept !== undefined) this.#restore(kept);
    }
    await this.outbox.load();
    this.changed();
  }

  #restore(kept: Kept): void {
    this.log = SessionLog.of(kept);
    this.read = kept.read;
  }

  *#entries(): Iterable<WireEntry> {
    yield* this.log.entries();
    const author = this.#deps.author();
    for (const item of this.outbox.items) {
      const entry = provisional(item, author);
      if (entry !== undefined) yield entry;
    }
  }

  #draw(): readonly Message[] {
    const { messages, cursors } = this.view;
    const outgoing = new Map(this.outbox.items.map((item) => [item.clientMessageId, item]));
    const { userId } = this.#deps.author();
    return messages.map((spoken) => messageOf(spoken, { userId, cursors, outgoing }));
  }
}

function keyOf(sessionId: string): string {
  return `session:${sessionId}`;
}

/** An id that the service takes, for a session that it has not named. */
export function named(id: string): string {
  return id.startsWith(UNNAMED) ? id.slice(UNNAMED.length).replaceAll("-", "") : id;
}
