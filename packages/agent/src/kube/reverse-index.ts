const NONE: ReadonlySet<string> = new Set();

/** Which keys use which values, both ways: what a change costs does not grow with what it leaves alone. */
export class ReverseIndex {
  readonly #values = new Map<string, ReadonlySet<string>>();
  readonly #keys = new Map<string, Set<string>>();

  /** `key` uses exactly these. Returns the values that have their first user now, or none any more. */
  set(key: string, values: Iterable<string>): string[] {
    const after = new Set(values);
    const before = this.#values.get(key) ?? NONE;
    const changed: string[] = [];
    for (const value of before)
      if (!after.has(value) && this.#drop(value, key)) changed.push(value);
    for (const value of after) if (!before.has(value) && this.#put(value, key)) changed.push(value);
    if (after.size > 0) this.#values.set(key, after);
    else this.#values.delete(key);
    return changed;
  }

  delete(key: string): void {
    this.set(key, []);
  }

  /** The keys that use `value`. */
  of(value: string): ReadonlySet<string> {
    return this.#keys.get(value) ?? NONE;
  }

  #put(value: string, key: string): boolean {
    const keys = this.#keys.get(value);
    if (keys === undefined) this.#keys.set(value, new Set([key]));
    else keys.add(key);
    return keys === undefined;
  }

  #drop(value: string, key: string): boolean {
    const keys = this.#keys.get(value);
    keys?.delete(key);
    return keys?.size === 0 && this.#keys.delete(value);
  }
}
