import { isDeepStrictEqual } from "node:util";
import type { ObjectMeta } from "../objects.ts";
import type { JudgedListener } from "./listeners.ts";

/**
 * Whether anything that is read of an object is different. A status, which is what Warren itself
 * writes, is not: its echo would have everything translated anew that refers to the object. An object
 * without a generation may be different in any field.
 */
export function isNews(
  before: { readonly metadata: ObjectMeta } | undefined,
  after: { readonly metadata: ObjectMeta } | undefined,
): boolean {
  if (before === undefined || after === undefined) return before !== after;
  const { uid, generation, annotations } = after.metadata;
  return (
    generation === undefined ||
    before.metadata.generation !== generation ||
    before.metadata.uid !== uid ||
    !isDeepStrictEqual(before.metadata.annotations, annotations)
  );
}

interface Judged {
  readonly listeners: readonly JudgedListener[];
}

/** What routes see of a Gateway: a certificate that was renewed is nothing to them. */
export function isSameToRoutes(one: Judged | undefined, other: Judged | undefined): boolean {
  const seen = ({ listeners }: Judged) =>
    listeners.map(({ listener, kind, supported, programmed }) => [
      listener,
      kind,
      supported,
      programmed,
    ]);
  if (one === undefined || other === undefined) return one === other;
  return isDeepStrictEqual(seen(one), seen(other));
}
