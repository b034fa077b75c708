import { backoff, type Backoff, type Clock } from "@warren/host";

export interface RetryLaterOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly retry: (key: string) => void;
}

const RETRY = { firstMs: 250, capMs: 60_000, heldMs: Infinity };

/** Keys that failed, each with waits of its own that double; one timer a key. */
export class RetryLater {
  readonly #options: RetryLaterOptions;
  readonly #failed = new Map<string, { waits: Backoff; cancel: () => void }>();

  constructor(options: RetryLaterOptions) {
    this.#options = options;
  }

  /** `key` failed: it is retried after the returned milliseconds. */
  later(key: string): number {
    const { clock, random, retry } = this.#options;
    const before = this.#failed.get(key);
    before?.cancel();
    const waits = before?.waits ?? backoff({ ...RETRY, random });
    const ms = waits.next();
    this.#failed.set(key, { waits, cancel: clock.after(ms, () => retry(key)) });
    return ms;
  }

  /** `key` went well, or is gone. */
  forget(key: string): void {
    this.#failed.get(key)?.cancel();
    this.#failed.delete(key);
  }

  close(): void {
    for (const key of this.#failed.keys()) this.forget(key);
  }
}
