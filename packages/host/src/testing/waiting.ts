/** Those who wait for a state to come; whoever changes that state calls `look` after each change. */
export class Waiting {
  readonly #looks = new Set<() => void>();

  /** Asks everyone who waits. */
  look(): void {
    for (const look of this.#looks) look();
  }

  /**
   * Resolves with what `seen` gives, as soon as that is neither undefined nor false. Asks at once and
   * then at every `look`, in the middle of it, and not again after that.
   */
  until<T>(seen: () => T | undefined | false): Promise<T> {
    return new Promise((resolve) => {
      const look = () => {
        const found = seen();
        if (found === undefined || found === false) return;
        this.#looks.delete(look);
        resolve(found);
      };
      this.#looks.add(look);
      look();
    });
  }
}
