/** Time as the client sees it; the port of the same name in `@warren/host` fits. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Runs `task` once after `ms`; the returned function forgets it. */
  after(ms: number, task: () => void): () => void;
}

/** One thing that will happen at most once: setting it again forgets what was set. */
export class Alarm {
  readonly #clock: Clock;
  #forget: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isSet(): boolean {
    return this.#forget !== undefined;
  }

  set(ms: number, task: () => void): void {
    this.clear();
    this.#forget = this.#clock.after(ms, () => {
      this.#forget = undefined;
      task();
    });
  }

  clear(): void {
    this.#forget?.();
    this.#forget = undefined;
  }
}
