import { WARREN_ANNOTATIONS, WARREN_PREFIX } from "./warren.ts";
import { WELL_KNOWN } from "./well-known.ts";

/** True for an annotation that has a meaning here. */
export function isKnownAnnotation(name: string): boolean {
  return name.startsWith(WARREN_PREFIX)
    ? Object.hasOwn(WARREN_ANNOTATIONS, name.slice(WARREN_PREFIX.length))
    : Object.hasOwn(WELL_KNOWN, name);
}
