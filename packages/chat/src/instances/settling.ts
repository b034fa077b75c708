/**
 * Up to where in the log all that this instance accepted has been followed up: every question is leased.
 * Whoever comes after it when it dies looks from there on.
 */
export class Settling {
  readonly #open = new Map<number, string>();
  readonly #first = Promise.withResolvers<void>();
  #latest: string | undefined;
  #next = 0;

  /** A cursor of the log's tail: what is stored from now on comes after it. */
  moveTo(cursor: string): void {
    this.#latest = cursor;
    this.#first.resolve();
  }

  /** Something is about to be stored. The returned function says that nothing is left to do for it. */
  async begin(): Promise<() => void> {
    await this.#first.promise;
    const id = this.#next++;
    this.#open.set(id, this.#latest!);
    return () => void this.#open.delete(id);
  }

  /** The cursor before everything that is not settled; undefined: there is none yet. */
  get cursor(): string | undefined {
    // A map keeps the order of its insertions: the first is the oldest.
    for (const oldest of this.#open.values()) return oldest;
    return this.#latest;
  }
}
