import type { ChatErrorCode, ClientFrames } from "@warren/wire";
import type { ClientStorage } from "../storage/storage.ts";

/** What is stored when it is said, and so has an id of the client's. */
export type SayingType =
  | "user_message"
  | "file_upload"
  | "voice_message"
  | "edit"
  | "delete"
  | "reaction"
  | "model_select"
  | "help_request"
  | "end_session";
export type Saying = {
  [T in SayingType]: Omit<ClientFrames[T], Envelope>;
}[SayingType];
type Envelope = "session_id" | "client_message_id" | "seen" | "timestamp" | "sender";

/** Why something was not taken. */
export interface Failure {
  readonly code: ChatErrorCode;
  readonly message: string;
}

/** Where the service has put it. */
export interface Acknowledged {
  readonly messageId: string;
  readonly origin: string;
  readonly number: number;
  readonly hlc: number;
}

/** What a file is shown as until its entry has come. */
export interface ShownFile {
  readonly name?: string;
  readonly content_type?: string;
  readonly bytes?: number;
}

/** Something that was said here and of which the entry has not come. */
export interface Outgoing {
  readonly clientMessageId: string;
  readonly saying: Saying;
  readonly file?: ShownFile | undefined;
  /** Epoch milliseconds of this device. */
  readonly saidAtMs: number;
  readonly failure: Failure | undefined;
  /** Time of the last entry that was here when it failed: that is where it stays, until it is tried again. */
  readonly failedAfter?: number | undefined;
  readonly acknowledged: Acknowledged | undefined;
}

/**
 * What a session still has to say, first in first out. It is kept until its entry has come, so that neither
 * a reload nor a lost acknowledgement loses it or says it twice: its id stays the same.
 */
export class Outbox {
  readonly #storage: ClientStorage;
  #sessionId: string;
  #items = new Map<string, Outgoing>();

  constructor(storage: ClientStorage, sessionId: string) {
    this.#storage = storage;
    this.#sessionId = sessionId;
  }

  /** In the order in which it was said. */
  get items(): readonly Outgoing[] {
    return [...this.#items.values()];
  }

  /** What was kept from before comes first. */
  async load(): Promise<void> {
    const kept = await this.#storage.list(this.#key(""));
    const former = kept.map(([, value]) => value as Outgoing);
    const all = [...former, ...this.#items.values()];
    this.#items = new Map(all.map((item) => [item.clientMessageId, item]));
  }

  /** The first that waits to be said. */
  next(): Outgoing | undefined {
    return this.items.find(
      ({ failure, acknowledged }) => failure === undefined && acknowledged === undefined,
    );
  }

  get(clientMessageId: string): Outgoing | undefined {
    return this.#items.get(clientMessageId);
  }

  /** Adds it, or puts it in the place of what it was. */
  put(item: Outgoing): void {
    this.#items.set(item.clientMessageId, item);
    void this.#storage.set(this.#key(item.clientMessageId), item);
  }

  /** It goes behind what waits: what was said after it may have been heard already. */
  putLast(item: Outgoing): void {
    this.#items.delete(item.clientMessageId);
    this.put(item);
  }

  /** False: there is no such thing. */
  remove(clientMessageId: string): boolean {
    if (!this.#items.delete(clientMessageId)) return false;
    void this.#storage.delete(this.#key(clientMessageId));
    return true;
  }

  /** The session has got another id. */
  rename(sessionId: string): void {
    const items = this.items;
    for (const { clientMessageId } of items) void this.#storage.delete(this.#key(clientMessageId));
    this.#sessionId = sessionId;
    for (const item of items) this.put(item);
  }

  forget(): void {
    for (const { clientMessageId } of this.items) this.remove(clientMessageId);
  }

  /** Ids of UUIDv7 sort as they were made. */
  #key(clientMessageId: string): string {
    return `out:${this.#sessionId}:${clientMessageId}`;
  }
}

/** Ids of the sessions in which something waits to be said. */
export async function waitingIn(storage: ClientStorage): Promise<ReadonlySet<string>> {
  const kept = await storage.list("out:");
  const waiting = kept.filter(([, value]) => {
    const { failure, acknowledged } = value as Outgoing;
    return failure === undefined && acknowledged === undefined;
  });
  return new Set(waiting.map(([key]) => key.split(":")[1]!));
}
