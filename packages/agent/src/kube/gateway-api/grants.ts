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

/**
 * True when one of the target namespace's grants allows it (ReferenceGrant: entries of `from` and of
 * `to` are alternatives; a `to` without a name means all of that kind). `grants` are those of
 * `to.namespace`.
 */
export function isGranted(grants: Iterable<ReferenceGrant>, { from, to }: CrossReference): boolean {
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
