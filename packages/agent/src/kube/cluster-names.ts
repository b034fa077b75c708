/** Public names that gateways give this cluster (`<uuid>.<domain>`, `<name>.<domain>`), once they are known. */
export class ClusterNames {
  readonly #listeners = new Set<() => void>();
  #names: readonly string[] = [];

  get names(): readonly string[] {
    return this.#names;
  }

  set(names: readonly string[]): void {
    // A gateway without a domain gives none, and takes none away that another one gave.
    if (names.length === 0 || names.join() === this.#names.join()) return;
    this.#names = [...names];
    for (const heard of this.#listeners) heard();
  }

  onChange(heard: () => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }
}
