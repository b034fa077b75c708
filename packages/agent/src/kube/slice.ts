import type { Clock } from "@warren/host";

/** So many places are translated before traffic gets its turn: some 10 ms. */
const PLACES = 200;
/** And no longer than this, whatever is dear about them. */
const MS = 10;

/** What one turn may translate. An object is translated whole, so that the last may go beyond. */
export class Slice {
  readonly #clock: Pick<Clock, "now">;
  readonly #until: number;
  #left: number;

  constructor(clock: Pick<Clock, "now">, places = PLACES) {
    this.#clock = clock;
    this.#until = clock.now() + MS;
    this.#left = places;
  }

  get isOver(): boolean {
    return this.#left <= 0 || this.#clock.now() >= this.#until;
  }

  /** An object of so many places was translated. */
  took(places: number): void {
    this.#left -= Math.max(1, places);
  }
}
