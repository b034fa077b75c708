/** Below 0 where the first of two rows with equal keys and words comes first; never 0 for two rows. */
export type Ties = (row: number, other: number) => number;

const SMALLEST = 8_192;

/**
 * The least of many rows by key, then by word (an unsigned number of 32 bits), then by `Ties`: what is offered is kept until there is room for no more, and then all
 * but the least go, in linear time. So the cost of each offer is constant, in whatever order they come.
 */
export class Least {
  /** A key above this one need not be offered; of equal ones ties decide. */
  worst = Infinity;
  readonly #limit: number;
  readonly #ties: Ties;
  readonly #keys: Float64Array;
  readonly #words: Uint32Array;
  readonly #rows: Uint32Array;
  #worstWord = 0;
  #worstRow = 0;
  #size = 0;

  constructor(limit: number, ties: Ties) {
    this.#limit = limit;
    this.#ties = ties;
    const room = Math.max(SMALLEST, limit * 4);
    this.#keys = new Float64Array(room);
    this.#words = new Uint32Array(room);
    this.#rows = new Uint32Array(room);
  }

  offer(key: number, word: number, row: number): void {
    if (key === this.worst) {
      if (word > this.#worstWord) return;
      if (word === this.#worstWord && this.#ties(row, this.#worstRow) > 0) return;
    }
    this.#keys[this.#size] = key;
    this.#words[this.#size] = word;
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
    this.#worstWord = this.#words[this.#limit - 1]!;
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
    return this.#against(a, this.#keys[b]!, this.#words[b]!, this.#rows[b]!);
  }

  // The numbers of the other are passed one by one: this is where the time goes.
  // oxlint-disable-next-line max-params
  #against(at: number, key: number, word: number, row: number): number {
    const byKey = this.#keys[at]! - key;
    if (byKey !== 0) return byKey;
    const byWord = this.#words[at]! - word;
    return byWord === 0 ? this.#ties(this.#rows[at]!, row) : byWord;
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
    const [key, word, row] = [this.#keys[middle]!, this.#words[middle]!, this.#rows[middle]!];
    let [left, right] = [low - 1, high + 1];
    for (;;) {
      do left += 1;
      while (this.#against(left, key, word, row) < 0);
      do right -= 1;
      while (this.#against(right, key, word, row) > 0);
      if (left >= right) return right;
      this.#swap(left, right);
    }
  }

  /** Never the last of more than two, or a part could stay as it is. */
  #median(a: number, b: number, c: number): number {
    if (this.#order(a, b) > 0) [a, b] = [b, a];
    if (this.#order(b, c) <= 0) return b;
    return this.#order(a, c) > 0 ? a : c;
  }

  #swap(a: number, b: number): void {
    swap(this.#keys, a, b);
    swap(this.#words, a, b);
    swap(this.#rows, a, b);
  }
}

function swap(array: Float64Array | Uint32Array, a: number, b: number): void {
  const kept = array[a]!;
  array[a] = array[b]!;
  array[b] = kept;
}
