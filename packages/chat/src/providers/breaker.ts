import type { Clock } from "@warren/host";

export type BreakerState = "closed" | "open" | "half_open";

export interface BreakerOptions {
  clock: Clock;
  /** Failures in a row that open it. */
  failures: number;
  /** How long nobody is let through then. */
  openMs: number;
  /** Told of each change. */
  changed: (state: BreakerState) => void;
}

/** One who was let through. Says how it went, once; what is said later changes nothing. */
export interface Passage {
  /** It answers: a probe lets the others in, but the next failure opens again. */
  alive(): void;
  succeeded(): void;
  failed(): void;
  /** Nothing was learnt. */
  left(): void;
}

/**
 * Keeps calls away from a provider that fails: open after some failures in a row, then one probe after
 * `openMs`. Passages of the time before it opened or was probed no longer count.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = "closed";
  #failures = 0;
  #openedAt = 0;
  /** Grows with each change of state. */
  #era = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Whether `enter` would let one through. */
  get isPassable(): boolean {
    if (this.#state !== "open") return this.#state === "closed";
    return this.#options.clock.now() - this.#openedAt >= this.#options.openMs;
  }

  enter(): Passage | undefined {
    if (!this.isPassable) return undefined;
    if (this.#state === "open") this.#become("half_open");
    return this.#passage();
  }

  #passage(): Passage {
    let era = this.#era;
    let isOver = false;
    const once = (task: () => void) => () => {
      if (isOver) return;
      isOver = true;
      if (era === this.#era) task();
    };
    return {
      alive: () => {
        if (isOver || era !== this.#era || this.#state !== "half_open") return;
        this.#failures = this.#options.failures - 1;
        this.#become("closed");
        era = this.#era;
      },
      succeeded: once(() => this.#succeed()),
      failed: once(() => this.#fail()),
      left: once(() => this.#leave()),
    };
  }

  #succeed(): void {
    this.#failures = 0;
    if (this.#state !== "closed") this.#become("closed");
  }

  #fail(): void {
    this.#failures += 1;
    if (this.#state === "closed" && this.#failures < this.#options.failures) return;
    this.#openedAt = this.#options.clock.now();
    this.#become("open");
  }

  /** A probe that learnt nothing makes room for the next one at once. */
  #leave(): void {
    if (this.#state === "half_open") this.#become("open");
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#era += 1;
    this.#options.changed(state);
  }
}
