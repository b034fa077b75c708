/** Who refers to what, both ways: what one change concerns is found without looking at the rest. */
export class ReverseIndex {
  readonly #referrers = new Map<string, Set<string>>();
  readonly #references = new Map<string, readonly string[]>();

  /** `from` refers to exactly these. */
  set(from: string, to: Iterable<string>): void {
    for (const before of this.#references.get(from) ?? []) this.#drop(before, from);
    const now = [...new Set(to)];
    if (now.length === 0) this.#references.delete(from);
    else this.#references.set(from, now);
    for (const one of now) {
      const all = this.#referrers.get(one) ?? new Set();
      this.#referrers.set(one, all.add(from));
    }
  }

  references(from: string): readonly string[] {
    return this.#references.get(from) ?? [];
  }

  isReferred(to: string): boolean {
    return this.#referrers.has(to);
  }

  referrers(to: string): Iterable<string> {
    return this.#referrers.get(to) ?? [];
  }

  #drop(to: string, from: string): void {
    const all = this.#referrers.get(to);
    all?.delete(from);
    if (all?.size === 0) this.#referrers.delete(to);
  }
}
