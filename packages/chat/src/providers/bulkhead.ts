import { ProviderError } from "./provider-error.ts";

export interface BulkheadOptions {
  /** Streams at a time. */
  places: number;
  /** Who waits for one. */
  queue: number;
}

interface Waiting {
  enter: () => void;
}

/** A bounded number of places, and a bounded queue before them: first come, first served. */
export class Bulkhead {
  readonly #options: BulkheadOptions;
  readonly #queue = new Set<Waiting>();
  #taken = 0;

  constructor(options: BulkheadOptions) {
    this.#options = options;
  }

  get taken(): number {
    return this.#taken;
  }
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Resolves with a place, to be given back once by calling it. Rejects at once with a ProviderError
   * `busy` where the queue is full, or with the signal's reason when that aborts.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#taken < this.#options.places) this.#taken += 1;
    else if (this.#queue.size < this.#options.queue) await this.#turn(signal);
    else throw new ProviderError("busy", "all places and the queue are taken");
    return () => this.#leave();
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = () => {
        this.#queue.delete(waiting);
        reject(signal.reason);
      };
      const waiting = {
        enter: () => {
          signal.removeEventListener("abort", aborted);
          resolve();
        },
      };
      signal.addEventListener("abort", aborted, { once: true });
      this.#queue.add(waiting);
    });
  }

  /** The place goes straight to the next in line, so that nobody can slip in between. */
  #leave(): void {
    const [next] = this.#queue;
    if (next === undefined) this.#taken -= 1;
    else {
      this.#queue.delete(next);
      next.enter();
    }
  }
}
