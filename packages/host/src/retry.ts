export interface BackoffOptions {
  /** Upper bound of the first delay; each further one doubles it. */
  firstMs: number;
  /** No bound grows beyond this. */
  capMs: number;
  /** A connection that held this long starts the next series afresh. */
  heldMs: number;
  /** Uniform in [0, 1). */
  random: () => number;
}

/**
 * Delays between attempts: "full jitter", uniform in [0, bound) with a bound that doubles, so that
 * a crowd that failed together does not come back together (Brooker, "Exponential Backoff And
 * Jitter", AWS Architecture Blog 2015).
 */
export interface Backoff {
  /** Milliseconds until the next attempt. `capMs` narrows the cap for this attempt only. */
  next(capMs?: number): number;
  /**
   * A connection ended after `openMs`. Only one that held resets the series: a server that accepts
   * and drops at once would otherwise be dialled in a tight loop.
   */
  ended(openMs: number): void;
  /** Attempts since the series began. */
  readonly attempts: number;
}

export function backoff(options: BackoffOptions): Backoff {
  let attempts = 0;
  return {
    next(capMs = options.capMs) {
      const bound = Math.min(capMs, options.capMs, options.firstMs * 2 ** attempts);
      attempts += 1;
      return options.random() * bound;
    },
    ended(openMs) {
      if (openMs >= options.heldMs) attempts = 0;
    },
    get attempts() {
      return attempts;
    },
  };
}
