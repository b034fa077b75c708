import type { Clock } from "../clock.ts";
import { backoff, type Backoff } from "../retry.ts";

export interface WorkQueueOptions {
  /** Makes the world what it should be for this key, now; rejects to be asked again. */
  work: (key: string) => Promise<void>;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** How many keys are worked on at once. */
  concurrency: number;
  onFailure: (failure: WorkFailure) => void;
}

export interface WorkFailure {
  key: string;
  error: unknown;
  /** In a row, this one included. */
  attempts: number;
  retryInMs: number;
}

/** client-go retries from 5 ms to 1000 s; what is asked of here is on the network, and people wait for it. */
const RETRY = { firstMs: 250, capMs: 60_000, heldMs: Number.POSITIVE_INFINITY };

/**
 * Keys to be worked on (client-go, `workqueue`). A key that is added while it waits is worked on once; one that is added while
 * it is worked on is worked on once more afterwards, never by two at the same time. A failure is repeated after a wait that
 * doubles, with jitter; an `add` meanwhile does not wait for that.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #options: WorkQueueOptions;
  /** In the order of their adding. */
  readonly #ready = new Set<string>();
  readonly #running = new Map<string, { again: boolean; forgotten: boolean }>();
  readonly #failures = new Map<string, { waits: Backoff; forget: () => void }>();
  #idle: PromiseWithResolvers<void> | undefined;
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait, are worked on, or failed and will be repeated. */
  get size(): number {
    return new Set([...this.#ready, ...this.#running.keys(), ...this.#failures.keys()]).size;
  }

  add(key: string): void {
    if (this.#closed) return;
    const running = this.#running.get(key);
    if (running !== undefined) {
      running.again = true;
      running.forgotten = false;
      return;
    }
    this.#failures.get(key)?.forget();
    this.#ready.add(key);
    this.#start();
  }

  /** What has no object any more is not repeated. Work that is under way ends by itself. */
  forget(key: string): void {
    this.#ready.delete(key);
    const running = this.#running.get(key);
    if (running !== undefined) {
      running.again = false;
      running.forgotten = true;
    }
    this.#failures.get(key)?.forget();
    this.#failures.delete(key);
    this.#settle();
  }

  /** Resolves when nothing waits and nothing is worked on; what failed and waits for its repeat does not count. */
  idle(): Promise<void> {
    if (this.#running.size === 0 && this.#ready.size === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** Begins nothing more, and waits for what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#ready.clear();
    for (const running of this.#running.values()) running.again = false;
    for (const { forget } of this.#failures.values()) forget();
    this.#failures.clear();
    await this.idle();
  }

  #start(): void {
    for (const key of this.#ready) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#ready.delete(key);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    const running = { again: false, forgotten: false };
    this.#running.set(key, running);
    try {
      await this.#options.work(key);
      this.#failures.delete(key);
    } catch (error) {
      if (!this.#closed && !running.forgotten) this.#failed(key, error, running.again);
    }
    this.#running.delete(key);
    if (running.again) this.add(key);
    this.#start();
    this.#settle();
  }

  #failed(key: string, error: unknown, isAgain: boolean): void {
    const { clock, random, onFailure } = this.#options;
    const known = this.#failures.get(key);
    const waits = known?.waits ?? backoff({ ...RETRY, random });
    const retryInMs = isAgain ? 0 : waits.next();
    const forget = isAgain ? () => {} : clock.after(retryInMs, () => this.add(key));
    this.#failures.set(key, { waits, forget });
    onFailure({ key, error, attempts: waits.attempts, retryInMs });
  }

  #settle(): void {
    if (this.#running.size > 0 || this.#ready.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}
