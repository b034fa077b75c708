import type { Target } from "./target.ts";

/**
 * Which places publications lead to, counted: many lead to one, such as an ingress controller. Endpoints
 * that many share are looked at with the first and the last of these.
 */
export class Places {
  readonly #counts = new Map<string, number>();
  readonly #shared = new Map<readonly Target[], number>();
  readonly #listeners = new Set<(target: Target) => void>();

  /** Hears of each place that nothing leads to any more. The returned function stops that. */
  onLeft(listener: (target: Target) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A publication leads to `after` instead of `before`. */
  move(before: readonly Target[], after: readonly Target[]): void {
    for (const target of after) this.#add(target);
    for (const target of before) this.#drop(target);
  }

  #add({ key, endpoints }: Target): void {
    if (endpoints === undefined) return void add(this.#counts, key);
    const { targets } = endpoints;
    if (add(this.#shared, targets)) for (const one of targets) this.#add(one);
  }

  #drop(target: Target): void {
    if (target.endpoints === undefined) {
      if (drop(this.#counts, target.key)) for (const heard of this.#listeners) heard(target);
      return;
    }
    const { targets } = target.endpoints;
    if (drop(this.#shared, targets)) for (const one of targets) this.#drop(one);
  }
}

/** Returns whether it is the first. */
function add<K>(counts: Map<K, number>, key: K): boolean {
  const before = counts.get(key) ?? 0;
  counts.set(key, before + 1);
  return before === 0;
}

/** Returns whether it was the last. */
function drop<K>(counts: Map<K, number>, key: K): boolean {
  const left = (counts.get(key) ?? 1) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
  return left <= 0;
}
