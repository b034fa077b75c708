/** Below 0 where the first of two rows with equal keys comes first; never 0 for two rows. */
export type Ties = (row: number, other: number) => number;

const SMALLEST = 8_192;

/**
 * The least of many rows by key: what is offered is kept until there is room for no more, and then all
 * but the least go, in linear time. So the cost of each offer is constant, in whatever order they come.
 */
export class Least {
  /** A key above this one need not be offered; of equal ones ties decide. */
  worst = Infinity;
  readonly #limit: number;
  readonly #ties: Ties;
  readonly #keys: Float64Array;
  readonly #rows: Uint32Array;
  #worstRow = 0;
  #size = 0;

  constructor(limit: number, ties: Ties) {
    this.#limit = limit;
    this.#ties = ties;
    const room = Math.max(SMALLEST, limit * 4);
    this.#keys = new Float64Array(room);
    this.#rows = new Uint32Array(room);
  }

  offer(key: number, row: number): void {
    if (key === this.worst && this.#ties(row, this.#worstRow) > 0) return;
    this.#keys[this.#size] = key;
    this.#rows[this.#size] = row;
    this.#size += 1;
    if (this.#size === this.#rows.length) this.settle();
  }

  /** Lowers `worst` where there is something to gain by it. */
  tighten(): void {
    if (this.worst === Infinity || this.#size > this.#limit * 2) this.settle();
  }

  /** Drops what is not among the least by now, so that `worst` says all it can. */
  settle(): void {
    if (this.#size < this.#limit) return;
    this.#part(this.#limit - 1);
    this.#size = this.#limit;
    this.worst = this.#keys[this.#limit - 1]!;
    this.#worstRow = this.#rows[this.#limit - 1]!;
  }

  /** The least in order, but for the first `skip` of them. */
  rows(skip: number): number[] {
    this.settle();
    if (skip >= this.#size) return [];
    if (skip > 0) this.#part(skip);
    const places = Array.from({ length: this.#size - skip }, (_, at) => skip + at);
    return places.sort((a, b) => this.#order(a, b)).map((place) => this.#rows[place]!);
  }

  #order(a: number, b: number): number {
    const [one, other] = [this.#keys[a]!, this.#keys[b]!];
    return one === other ? this.#ties(this.#rows[a]!, this.#rows[b]!) : one - other;
  }

  /** Puts the row that belongs there at `nth`, lesser ones before it (Hoare's quickselect). */
  #part(nth: number): void {
    let [low, high] = [0, this.#size - 1];
    while (low < high) {
      const split = this.#split(low, high);
      if (nth <= split) high = split;
      else low = split + 1;
    }
  }

  /** The end of a lower part: none of it comes after one of the rest. */
  #split(low: number, high: number): number {
    const middle = this.#median(low, (low + high) >>> 1, high);
    const [key, row] = [this.#keys[middle]!, this.#rows[middle]!];
    let [left, right] = [low - 1, high + 1];
    for (;;) {
      do left += 1;
      while (this.#isBefore(left, key, row));
      do right -= 1;
      while (this.#isAfter(right, key, row));
      if (left >= right) return right;
      this.#swap(left, right);
    }
  }

  #isBefore(at: number, key: number, row: number): boolean {
    const own = this.#keys[at]!;
    return own < key || (own === key && this.#ties(this.#rows[at]!, row) < 0);
  }

  #isAfter(at: number, key: number, row: number): boolean {
    const own = this.#keys[at]!;
    return own > key || (own === key && this.#ties(this.#rows[at]!, row) > 0);
  }

  /** Never the last of more than two, or a part could stay as it is. */
  #median(a: number, b: number, c: number): number {
    if (this.#order(a, b) > 0) [a, b] = [b, a];
    if (this.#order(b, c) <= 0) return b;
    return this.#order(a, c) > 0 ? a : c;
  }

  #swap(a: number, b: number): void {
    const [key, row] = [this.#keys[a]!, this.#rows[a]!];
    this.#keys[a] = this.#keys[b]!;
    this.#rows[a] = this.#rows[b]!;
    this.#keys[b] = key;
    this.#rows[b] = row;
  }
}
