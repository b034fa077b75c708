import { byCodePoint } from "../../../sessions/code-points.ts";

/** Users by number, with their places in the order of their names. */
export class Users {
  readonly #numbers = new Map<string, number>();
  readonly #names: (string | undefined)[] = [];
  /** Rows of each. */
  readonly #rows: number[] = [];
  readonly #free: number[] = [];
  #sorted: number[] = [];
  /** Those that came since the order was made. */
  #unsorted: number[] = [];
  #hasLeft = false;
  #ranks = new Float64Array(0);

  /** Names in their order, all after those that came by this way before; so they need not be sorted. */
  expect(names: Iterable<string>): void {
    for (const name of names) if (!this.#numbers.has(name)) this.#sorted.push(this.#enter(name));
  }

  /** Number of a user who has one row more now. */
  join(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) this.#unsorted.push((number = this.#enter(name)));
    this.#rows[number]! += 1;
    return number;
  }

  /** The user has one row less. */
  leave(number: number): void {
    this.#rows[number]! -= 1;
    if (this.#rows[number] === 0) this.#hasLeft = true;
  }

  numberOf(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /** By number, the place in the order of names. Needs all rows to be there. */
  ranks(): Float64Array {
    if (this.#hasLeft) this.#removeLeft();
    if (this.#unsorted.length === 0 && this.#ranks.length === this.#names.length)
      return this.#ranks;
    this.#sortNew();
    this.#ranks = new Float64Array(this.#names.length);
    for (const [rank, number] of this.#sorted.entries()) this.#ranks[number] = rank;
    return this.#ranks;
  }

  /** Place of a name, between two others if nobody has it. */
  rankOf(name: string): number {
    const ranks = this.ranks();
    const number = this.#numbers.get(name);
    return number === undefined ? this.#below(name) - 0.5 : ranks[number]!;
  }

  #enter(name: string): number {
    const number = this.#free.pop() ?? this.#names.length;
    this.#numbers.set(name, number);
    this.#names[number] = name;
    this.#rows[number] = 0;
    return number;
  }

  #removeLeft(): void {
    const stays = (number: number) => this.#rows[number]! > 0;
    const left = [...this.#sorted, ...this.#unsorted].filter((number) => !stays(number));
    this.#sorted = this.#sorted.filter(stays);
    this.#unsorted = this.#unsorted.filter(stays);
    for (const number of left) {
      this.#numbers.delete(this.#names[number]!);
      this.#names[number] = undefined;
      this.#free.push(number);
    }
    this.#hasLeft = false;
    this.#ranks = new Float64Array(0);
  }

  #sortNew(): void {
    const name = (number: number) => this.#names[number]!;
    const added = this.#unsorted.sort((a, b) => byCodePoint(name(a), name(b)));
    const places = added.map((number) => this.#below(name(number)));
    const merged: number[] = [];
    let from = 0;
    for (const [at, number] of added.entries()) {
      for (; from < places[at]!; from += 1) merged.push(this.#sorted[from]!);
      merged.push(number);
    }
    for (; from < this.#sorted.length; from += 1) merged.push(this.#sorted[from]!);
    this.#sorted = merged;
    this.#unsorted = [];
  }

  /** How many of the sorted names come before this one. */
  #below(name: string): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (byCodePoint(this.#names[this.#sorted[middle]!]!, name) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
