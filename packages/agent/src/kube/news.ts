import { isDeepStrictEqual } from "node:util";
import type { ObjectMeta } from "./objects.ts";

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
