/**
 * A line in which parties take turns: of the first names on the paths the least recently served one
 * is next, within it the next names take turns alike, and so on; under one whole path first come is
 * first served. When it must be shortened, whoever has most in it loses.
 */
export class FairLine<T> {
  /** By name, in the order of their turns. */
  readonly #parties = new Map<string, FairLine<T>>();
  readonly #items: T[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(path: readonly string[], item: T): void {
    this.#size += 1;
    const [name, ...rest] = path;
    if (name === undefined) return void this.#items.push(item);
    let party = this.#parties.get(name);
    if (party === undefined) this.#parties.set(name, (party = new FairLine()));
    party.push(rest, item);
  }

  /** Whose turn it is; undefined when nobody is there. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    this.#size -= 1;
    for (const [name, party] of this.#parties) {
      const item = party.shift();
      this.#parties.delete(name);
      if (party.size > 0) this.#parties.set(name, party);
      return item;
    }
    return this.#items.shift();
  }

  /** Takes out the newest of the party that has most, and so on within it. Of equals the newest. */
  dropLongest(): T | undefined {
    if (this.#size === 0) return undefined;
    this.#size -= 1;
    let most: [name: string, party: FairLine<T>] | undefined;
    for (const one of this.#parties) if (one[1].size >= (most?.[1].size ?? 0)) most = one;
    if (most === undefined) return this.#items.pop();
    const item = most[1].dropLongest();
    if (most[1].size === 0) this.#parties.delete(most[0]);
    return item;
  }
}
