/** A round in which the rate grew by less than this factor found nothing more. */
const GROWTH = 1.25;
/** So many such rounds in a row, and the path is known to be full. */
const FLAT_ROUNDS = 3;

/**
 * Tells whether a path's rate is still being found out, as BBR's start-up does ("full pipe",
 * draft-cardwell-iccrg-bbr-congestion-control §4.3.1.2): rounds are round trips, counted by bytes.
 */
export class Ramp {
  #best = 0;
  #flat = 0;
  #roundEndsAt = 0;

  /** False once the rate has stopped growing; it stays false. */
  get climbing(): boolean {
    return this.#flat < FLAT_ROUNDS;
  }

  /** A rate was sampled over bytes `from` to `to` of all that was delivered. */
  sample(rate: number, from: number, to: number): void {
    if (rate >= this.#best * GROWTH) {
      this.#best = rate;
      this.#flat = 0;
      this.#roundEndsAt = to;
    } else if (from >= this.#roundEndsAt) {
      this.#flat++;
      this.#roundEndsAt = to;
    }
  }
}
