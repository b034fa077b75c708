import { endOfTurn } from "@warren/host";
import { merged, NO_VERSIONS, type Versions } from "../../log/versions.ts";
import type { Thread } from "./thread.ts";

export interface Acknowledged {
  readonly delivered: Versions;
  readonly read: Versions;
}

export interface AcknowledgementsOptions {
  store: (thread: Thread, what: Acknowledged) => Promise<unknown>;
  /** Told once for what was to go in one entry. */
  failed: (cause: unknown, thread: Thread) => void;
}

const NOTHING: Acknowledged = { delivered: NO_VERSIONS, read: NO_VERSIONS };

/**
 * What one device says that it has, message by message: what comes in one turn of the event loop, or while an
 * entry is being written, goes into one entry, so that a thousand of them are a few.
 */
export class Acknowledgements {
  readonly #options: AcknowledgementsOptions;
  #waiting = new Map<Thread, Acknowledged>();
  #writing: Promise<void> | undefined;

  constructor(options: AcknowledgementsOptions) {
    this.#options = options;
  }

  add(thread: Thread, what: "delivered" | "read", versions: Versions): void {
    if (!thread.raise(what, versions)) return;
    const waiting = this.#waiting.get(thread) ?? NOTHING;
    this.#waiting.set(thread, { ...waiting, [what]: merged(waiting[what], versions) });
    this.#writing ??= this.#write();
  }

  /** Resolves once all that was added is stored, or was found not to be. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    await new Promise<void>(endOfTurn);
    while (this.#waiting.size > 0) {
      const all = [...this.#waiting];
      this.#waiting = new Map();
      await Promise.all(all.map(([thread, what]) => this.#store(thread, what)));
    }
    this.#writing = undefined;
  }

  async #store(thread: Thread, what: Acknowledged): Promise<void> {
    try {
      await this.#options.store(thread, what);
    } catch (cause) {
      // The device may say it again.
      thread.lower();
      this.#options.failed(cause, thread);
    }
  }
}
