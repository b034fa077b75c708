/** Public names that gateways give this cluster (`<uuid>.<domain>`, `<name>.<domain>`), once they are known. */
export class ClusterNames {
  readonly #listeners = new Set<() => void>();
  #names: readonly string[] = [];

  get names(): readonly string[] {
    return this.#names;
  }

  set(names: readonly string[]): void {
    // Gateways may have several domains, or none, and one that asks in vain leaves an alias out: what
    // one gave another takes not away, and what is said does not depend on who was heard last.
    const all = [...new Set([...this.#names, ...names])].toSorted();
    if (all.length === this.#names.length) return;
    this.#names = all;
    for (const heard of this.#listeners) heard();
  }

  onChange(heard: () => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }
}
