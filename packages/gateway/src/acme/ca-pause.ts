import type { Clock } from "@warren/host";

/** Refusals in a row that may still be the matter of their hosts alone. */
const BELIEVED = 2;
const FIRST_MS = 30_000;
const LONGEST_MS = 300_000;

/**
 * Leaves a CA alone that is away, or has had enough of everybody's orders: thousands of hosts would
 * each ask in vain. Short, since what one tenant's hosts are refused for is no matter of another's:
 * one order that the CA looks at ends it.
 */
export class CaPause {
  readonly #clock: Pick<Clock, "now">;
  #refusals = 0;
  #until = -Infinity;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  get isOn(): boolean {
    return this.#clock.now() < this.#until;
  }

  /** The CA has dealt with an order, whatever came of it. */
  answered(): void {
    this.#refusals = 0;
    this.#until = -Infinity;
  }

  /** It has not looked at one. */
  refused(): void {
    this.#refusals += 1;
    const over = this.#refusals - BELIEVED - 1;
    if (over < 0) return;
    this.#until = this.#clock.now() + Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(over, 10));
  }
}
