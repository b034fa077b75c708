import { isDeepStrictEqual } from "node:util";
import type { Problem } from "./cluster-view.ts";

/** Places that older routes of Gateway API have, and certificates that are not used. */
type Teller = "routes" | "certificates";

/** What there is to say of Ingresses that others found out; Ingresses by `namespace/name`. */
export class ToldElsewhere {
  readonly #told = {
    routes: new Map<string, readonly Problem[]>(),
    certificates: new Map<string, readonly Problem[]>(),
  };
  readonly #listeners = new Set<(ingress: string) => void>();

  of(ingress: string): readonly Problem[] {
    return [...this.#by("routes", ingress), ...this.#by("certificates", ingress)];
  }

  /** All that `teller` has to say of it. */
  set(teller: Teller, ingress: string, problems: readonly Problem[]): void {
    if (isDeepStrictEqual(this.#by(teller, ingress), problems)) return;
    if (problems.length === 0) this.#told[teller].delete(ingress);
    else this.#told[teller].set(ingress, problems);
    for (const heard of this.#listeners) heard(ingress);
  }

  /** Hears whose problems are others now. The returned function stops that. */
  onChange(heard: (ingress: string) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  #by(teller: Teller, ingress: string): readonly Problem[] {
    return this.#told[teller].get(ingress) ?? [];
  }
}
