/** Of one namespace, in the order of their coming. */
interface Party {
  readonly keys: Set<string>;
  /** What is left of `keys` is ahead of it. */
  readonly rest: Iterator<string>;
}

/**
 * Objects that are to be worked on, each once, as keys that begin with `namespace/`. Namespaces take turns:
 * who changes very many of his is late himself, and nobody else is.
 */
export class KeysInTurn {
  /** In the order of their turns. */
  readonly #parties = new Map<string, Party>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: string): boolean {
    return this.#parties.get(namespaceOf(key))?.keys.has(key) === true;
  }

  add(key: string): void {
    if (this.has(key)) return;
    this.#size += 1;
    const namespace = namespaceOf(key);
    const party = this.#parties.get(namespace);
    if (party !== undefined) return void party.keys.add(key);
    const keys = new Set([key]);
    this.#parties.set(namespace, { keys, rest: keys.values() });
  }

  /** Returns whether it was there. */
  delete(key: string): boolean {
    const namespace = namespaceOf(key);
    const party = this.#parties.get(namespace);
    if (party?.keys.delete(key) !== true) return false;
    this.#size -= 1;
    if (party.keys.size === 0) this.#parties.delete(namespace);
    return true;
  }

  /** Takes out the first of whose turn it is. */
  take(): string | undefined {
    const [first] = this.#parties;
    if (first === undefined) return undefined;
    const [namespace, party] = first;
    const key: string = party.rest.next().value;
    party.keys.delete(key);
    this.#size -= 1;
    this.#parties.delete(namespace);
    if (party.keys.size > 0) this.#parties.set(namespace, party);
    return key;
  }
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}
