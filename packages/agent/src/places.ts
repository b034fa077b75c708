import { placesOf, type Target } from "./target.ts";

/** Which places publications lead to, counted: many lead to one, such as an ingress controller. */
export class Places {
  readonly #counts = new Map<string, number>();
  readonly #listeners = new Set<(target: Target) => void>();

  /** Hears of each place that nothing leads to any more. The returned function stops that. */
  onLeft(listener: (target: Target) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A publication leads to `after` instead of `before`. */
  move(before: readonly Target[], after: readonly Target[]): void {
    for (const { key } of after.flatMap(placesOf))
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    for (const target of before.flatMap(placesOf)) this.#drop(target);
  }

  #drop(target: Target): void {
    const left = (this.#counts.get(target.key) ?? 1) - 1;
    if (left > 0) return void this.#counts.set(target.key, left);
    this.#counts.delete(target.key);
    for (const heard of this.#listeners) heard(target);
  }
}
