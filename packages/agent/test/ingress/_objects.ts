// Caches that a test writes, in place of watches.
import type { ObjectChange, Objects } from "../../src/kube/objects-port.ts";
import type { ObjectMeta } from "../../src/kube/objects.ts";

export class MemoryObjects<T extends { metadata: ObjectMeta }> implements Objects<T> {
  readonly synced: Promise<void>;
  readonly sync: () => void;
  readonly #all = new Map<string, T>();
  readonly #listeners = new Set<(change: ObjectChange<T>) => void>();

  constructor(objects: readonly T[] = []) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.sync = resolve;
    for (const one of objects) this.put(one);
  }

  get(key: string): T | undefined {
    return this.#all.get(key);
  }
  values(): IterableIterator<T> {
    return this.#all.values();
  }
  onChange(heard: (change: ObjectChange<T>) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  put(after: T): void {
    const key = keyOf(after);
    const before = this.#all.get(key);
    this.#all.set(key, after);
    this.#tell({ key, before, after });
  }

  remove(key: string): void {
    const before = this.#all.get(key);
    if (before === undefined) return;
    this.#all.delete(key);
    this.#tell({ key, before, after: undefined });
  }

  #tell(change: ObjectChange<T>): void {
    for (const heard of this.#listeners) heard(change);
  }
}

/** What belongs to the cluster has no namespace here. */
function keyOf({ metadata: { namespace = "", name } }: { metadata: ObjectMeta }): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}
