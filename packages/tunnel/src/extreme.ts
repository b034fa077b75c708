/**
 * The largest (or smallest) sample of the last one to two spans. Two buckets instead of a sorted
 * window: O(1), and exact enough for a bound that is itself "about twice".
 */
export class Extreme {
  readonly #spanMs: number;
  readonly #better: (a: number, b: number) => number;
  #since = 0;
  #now: number | undefined;
  #before: number | undefined;

  constructor(kind: "largest" | "smallest", spanMs: number) {
    this.#spanMs = spanMs;
    this.#better = kind === "largest" ? Math.max : Math.min;
  }

  add(sample: number, atMs: number): void {
    if (this.#now === undefined || atMs - this.#since > this.#spanMs) {
      this.#before = this.#now;
      this.#now = sample;
      this.#since = atMs;
    } else {
      this.#now = this.#better(this.#now, sample);
    }
  }

  /** Undefined before the first sample; afterwards the last known value, however old. */
  get value(): number | undefined {
    if (this.#now === undefined || this.#before === undefined) return this.#now;
    return this.#better(this.#now, this.#before);
  }
}
