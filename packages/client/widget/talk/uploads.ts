import type { SentFile } from "../../src/index.ts";
import { RequestError, type Service } from "./service.ts";

/** A file that goes with the next message. */
export interface Attachment {
  readonly id: number;
  readonly file: File;
  readonly kind: "file" | "voice";
  /** From 0 to 1. */
  readonly progress: number;
  readonly state: "uploading" | "done" | "failed";
  /** Why it failed, in the service's words; empty where it said none. */
  readonly why: string;
  readonly sent: SentFile | undefined;
  /** It failed, and may go well another time. */
  readonly canRetry: boolean;
}

export interface UploadsEvents {
  changed(): void;
  /** One that was spoken is there: it is sent by itself. */
  spoken(attachment: Attachment): void;
}

/** As the service takes at most unless it is told otherwise. */
export const MOST_BYTES = 104_857_600;

/** Files on their way to the service, in the order in which they were added. */
export class Uploads {
  readonly #service: Service;
  readonly #events: UploadsEvents;
  readonly #ends = new Map<number, AbortController>();
  #all: readonly Attachment[] = [];
  #last = 0;

  constructor(service: Service, events: UploadsEvents) {
    this.#service = service;
    this.#events = events;
  }

  get all(): readonly Attachment[] {
    return this.#all;
  }

  add(file: File, kind: Attachment["kind"]): void {
    const id = (this.#last += 1);
    const fresh = {
      progress: 0,
      state: "uploading",
      why: "",
      sent: undefined,
      canRetry: false,
    } as const;
    this.#all = [...this.#all, { id, file, kind, ...fresh }];
    void this.#upload(id);
  }

  retry(id: number): void {
    void this.#upload(id);
  }

  /** There is a connection again: what failed without one goes well now. */
  retryAll(): void {
    for (const { id, state, canRetry } of this.#all) {
      if (state === "failed" && canRetry) this.retry(id);
    }
  }

  remove(id: number): void {
    this.#all = this.#all.filter((one) => one.id !== id);
    this.#ends.get(id)?.abort();
    this.#events.changed();
  }

  /** Those that are there, for a message; they are gone from here. */
  take(): readonly SentFile[] {
    const taken = this.#all.filter(({ state }) => state === "done");
    this.#all = this.#all.filter(({ state }) => state !== "done");
    this.#events.changed();
    return taken.flatMap(({ sent }) => sent ?? []);
  }

  clear(): void {
    for (const { id } of this.#all) this.remove(id);
  }

  async #upload(id: number): Promise<void> {
    const { file, kind } = this.#all.find((one) => one.id === id)!;
    const end = new AbortController();
    this.#ends.set(id, end);
    this.#change(id, { state: "uploading", progress: 0, why: "" });
    const progressed = (progress: number) => this.#change(id, { progress });
    try {
      const options = { kind, progressed, signal: end.signal };
      const sent = await this.#service.upload(file, options);
      this.#change(id, { state: "done", progress: 1, sent });
      const done = this.#all.find((one) => one.id === id);
      if (done?.kind === "voice") this.#events.spoken(done);
    } catch (reason) {
      const { message: why, isPassing: canRetry } =
        reason instanceof RequestError ? reason : new RequestError(0, "");
      this.#change(id, { state: "failed", why, canRetry });
    } finally {
      this.#ends.delete(id);
    }
  }

  #change(id: number, change: Partial<Attachment>): void {
    this.#all = this.#all.map((one) => (one.id === id ? { ...one, ...change } : one));
    this.#events.changed();
  }
}
