import { isDeepStrictEqual } from "node:util";
import type { Problem } from "./cluster-view.ts";

const NONE: readonly Problem[] = [];

/** What Ingresses hear of their places that older routes of Gateway API have; by `namespace/name`. */
export class LostPlaces {
  readonly #lost = new Map<string, readonly Problem[]>();
  readonly #listeners = new Set<(ingress: string) => void>();

  of(ingress: string): readonly Problem[] {
    return this.#lost.get(ingress) ?? NONE;
  }

  set(ingress: string, problems: readonly Problem[]): void {
    if (isDeepStrictEqual(this.of(ingress), problems)) return;
    if (problems.length === 0) this.#lost.delete(ingress);
    else this.#lost.set(ingress, problems);
    for (const heard of this.#listeners) heard(ingress);
  }

  /** Hears whose problems are others now. The returned function stops that. */
  onChange(heard: (ingress: string) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }
}
