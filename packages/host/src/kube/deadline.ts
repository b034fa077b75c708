import type { Clock } from "../clock.ts";

/** A signal that aborts after a time or with another signal; disposed of, it keeps neither timer nor listener. */
export class Deadline implements Disposable {
  readonly #abort = new AbortController();
  readonly #forget: () => void;
  readonly #parent: AbortSignal | undefined;
  readonly #aborted = () => this.#abort.abort(this.#parent?.reason);
  /** Whether it was the time that ended it. */
  passed = false;

  constructor(clock: Clock, ms: number, parent: AbortSignal | undefined) {
    this.#parent = parent;
    if (parent?.aborted === true) this.#aborted();
    parent?.addEventListener("abort", this.#aborted, { once: true });
    this.#forget = clock.after(ms, () => {
      this.passed = true;
      this.#abort.abort();
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Ends `life` with it, also when it is over by now. Returns what parts the two. */
  ends(life: AbortController): () => void {
    const over = () => life.abort();
    if (this.signal.aborted) over();
    this.signal.addEventListener("abort", over, { once: true });
    return () => this.signal.removeEventListener("abort", over);
  }

  [Symbol.dispose](): void {
    this.#forget();
    this.#parent?.removeEventListener("abort", this.#aborted);
  }
}
