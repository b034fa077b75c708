/** Public names that gateways give this cluster (`<uuid>.<domain>`, `<name>.<domain>`), once they are known. */
export class ClusterNames {
  readonly #listeners = new Set<() => void>();
  /** By the address at which a gateway was dialled. */
  readonly #byGateway = new Map<string, readonly string[]>();
  #names: readonly string[] = [];

  /** Of all gateways, in order: what is said does not depend on who was heard last. */
  get names(): readonly string[] {
    return this.#names;
  }

  /**
   * What the gateway at that address gives, the cluster's uuid below its own domain first. A gateway that
   * cannot ask the others leaves out aliases and their domains, and takes nothing away by that; one that
   * has another domain now, or none, does.
   */
  set(gateway: string, names: readonly string[]): void {
    const before = this.#byGateway.get(gateway) ?? [];
    this.#byGateway.set(
      gateway,
      names[0] === before[0] ? [...new Set([...before, ...names])] : names,
    );
    this.#tellIfNew();
  }

  /**
   * Of all others' names none are known any more. Where a gateway has the same domain, it has had no
   * reason yet to give what only they gave: that stays.
   */
  keep(gateways: ReadonlySet<string>): void {
    const gone = [...this.#byGateway].filter(([gateway]) => !gateways.has(gateway));
    for (const [gateway] of gone) this.#byGateway.delete(gateway);
    for (const [, names] of gone)
      for (const [gateway, others] of this.#byGateway)
        if (names.length > 0 && others[0] === names[0]) this.set(gateway, [...others, ...names]);
    this.#tellIfNew();
  }

  onChange(heard: () => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  #tellIfNew(): void {
    const all = [...new Set([...this.#byGateway.values()].flat())].toSorted();
    if (all.join() === this.#names.join()) return;
    this.#names = all;
    for (const heard of this.#listeners) heard();
  }
}
