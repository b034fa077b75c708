import { WARREN_ANNOTATIONS, WARREN_PREFIX } from "./warren.ts";
import { WELL_KNOWN } from "./well-known.ts";
import type { Annotations } from "./wishes.ts";

/** True for an annotation that has a meaning here. */
export function isKnownAnnotation(name: string): boolean {
  return name.startsWith(WARREN_PREFIX)
    ? Object.hasOwn(WARREN_ANNOTATIONS, name.slice(WARREN_PREFIX.length))
    : Object.hasOwn(WELL_KNOWN, name);
}

const KNOWN = [
  ...Object.keys(WARREN_ANNOTATIONS).map((word) => `${WARREN_PREFIX}${word}`),
  ...Object.keys(WELL_KNOWN),
].sort();

/** Those of an object that have a meaning here, by name: looked up, however many others it has. */
export function knownOf(all: Annotations): string[] {
  return KNOWN.filter((name) => Object.hasOwn(all, name));
}
