/**
 * A signal that aborts with its parent's, or on its own. Disposing unties it: a parent that lives
 * long keeps nothing of those that came and went.
 */
export class LinkedAbort implements Disposable {
  readonly #own = new AbortController();
  readonly #parent: AbortSignal;
  readonly #relay = () => this.#own.abort(this.#parent.reason);

  constructor(parent: AbortSignal) {
    this.#parent = parent;
    if (parent.aborted) this.#relay();
    else parent.addEventListener("abort", this.#relay, { once: true });
  }
  get signal(): AbortSignal {
    return this.#own.signal;
  }
  abort(reason: unknown): void {
    this.#own.abort(reason);
  }
  [Symbol.dispose](): void {
    this.#parent.removeEventListener("abort", this.#relay);
  }
}

/** Rejects with the signal's reason when that aborts; `dispose` forgets it. */
export function abortOf(signal: AbortSignal): Disposable & { readonly promise: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  // Whoever waits hears of it; nobody may be waiting.
  promise.catch(() => {});
  const aborted = () => reject(signal.reason);
  if (signal.aborted) aborted();
  else signal.addEventListener("abort", aborted, { once: true });
  return { promise, [Symbol.dispose]: () => signal.removeEventListener("abort", aborted) };
}
