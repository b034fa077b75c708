import { isNews } from "../news.ts";
import type { ReferenceGrant } from "./objects.ts";

/** Who refers to what in another namespace. */
export interface CrossReference {
  readonly from: { readonly group: string; readonly kind: string; readonly namespace: string };
  readonly to: {
    readonly group: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
  };
}

/** All ReferenceGrants. */
export class Grants {
  /** By namespace, then by key. */
  readonly #grants = new Map<string, Map<string, ReferenceGrant>>();

  /** Returns the namespace where something else is granted now, if so. */
  put(key: string, value: ReferenceGrant | undefined): string | undefined {
    const namespace = key.slice(0, key.indexOf("/"));
    const all = this.#grants.get(namespace) ?? new Map<string, ReferenceGrant>();
    const before = all.get(key);
    if (value === undefined) all.delete(key);
    else all.set(key, value);
    if (all.size === 0) this.#grants.delete(namespace);
    else this.#grants.set(namespace, all);
    return isNews(before, value) ? namespace : undefined;
  }

  allow(reference: CrossReference): boolean {
    return isGranted(this.#grants.get(reference.to.namespace)?.values() ?? [], reference);
  }
}

/**
 * True when one of the target namespace's grants allows it (ReferenceGrant: entries of `from` and of
 * `to` are alternatives; a `to` without a name means all of that kind). `grants` are those of
 * `to.namespace`.
 */
function isGranted(grants: Iterable<ReferenceGrant>, { from, to }: CrossReference): boolean {
  for (const { spec } of grants) {
    const trusted = spec.from.some(
      (one) =>
        one.group === from.group && one.kind === from.kind && one.namespace === from.namespace,
    );
    const offered = spec.to.some(
      (one) =>
        one.group === to.group &&
        one.kind === to.kind &&
        (one.name === undefined || one.name === "" || one.name === to.name),
    );
    if (trusted && offered) return true;
  }
  return false;
}
