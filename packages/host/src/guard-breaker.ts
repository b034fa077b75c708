import type { Clock } from "./clock.ts";
import type { BreakerOptions } from "./guard-operations.ts";

export const BREAKER_STATES = ["closed", "open", "half-open"] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** Leave for one attempt, to be given back with how it ended. */
export interface Pass {
  /** The dependency answered. */
  succeeded(): void;
  failed(): void;
  /** Nobody knows: whoever asked left. */
  dropped(): void;
}

interface BreakerDeps {
  clock: Clock;
  /** After each change of state. */
  changed: (state: BreakerState) => void;
}

/**
 * A circuit breaker.
 *
 * 1. `closed`: all pass; `failures` in a row open it, a success starts the count again.
 * 2. `open`: none passes for `openMs`.
 * 3. `half-open`: from the first call after that on, one attempt at a time passes. Its success closes,
 *    its failure opens for another `openMs`; if it is dropped the next call is the probe.
 * 4. An attempt speaks only for the state that it was let in by: one that began before the breaker
 *    opened neither closes it nor keeps it open longer.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #deps: BreakerDeps;
  #state: BreakerState = "closed";
  #failures = 0;
  #triedAgainAt = 0;
  #isProbing = false;
  /** Grows with each change of state (4). */
  #term = 0;

  constructor(options: BreakerOptions, deps: BreakerDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get state(): BreakerState {
    return this.#state;
  }
  /** Failed attempts since the last success. */
  get failures(): number {
    return this.#failures;
  }
  /** Milliseconds until a call passes again; 0 when one would, or when the probe is out. */
  get retryInMs(): number {
    if (this.#state !== "open") return 0;
    return Math.max(0, this.#triedAgainAt - this.#deps.clock.now());
  }

  /** Undefined: not now. */
  enter(): Pass | undefined {
    if (this.#state === "open" && this.retryInMs === 0) this.#become("half-open");
    if (this.#state === "open" || this.#isProbing) return undefined;
    this.#isProbing = this.#state === "half-open";
    return this.#pass(this.#term);
  }

  #pass(term: number): Pass {
    let isOut = true;
    const settle = (task: () => void) => () => {
      if (!isOut) return;
      isOut = false;
      if (term === this.#term) task();
    };
    return {
      succeeded: settle(() => this.#succeeded()),
      failed: settle(() => this.#failed()),
      dropped: settle(() => (this.#isProbing = false)),
    };
  }

  #succeeded(): void {
    this.#failures = 0;
    if (this.#state === "half-open") this.#become("closed");
  }

  #failed(): void {
    this.#failures += 1;
    if (this.#state === "closed" && this.#failures < this.#options.failures) return;
    this.#triedAgainAt = this.#deps.clock.now() + this.#options.openMs;
    this.#become("open");
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#term += 1;
    this.#isProbing = false;
    this.#deps.changed(state);
  }
}
