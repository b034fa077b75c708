import { inOrder, type Entry } from "./entry.ts";
import type { Page } from "./ports.ts";
import type { Versions } from "./versions.ts";

/**
 * The newest `limit` in the session's order of what `top` has, given at least the newest `limit` of each
 * origin, and what stays below them. A page ends where the order puts its end, so each origin gives as
 * many as fall into it.
 */
export function newest(entries: readonly Entry[], top: Versions, limit: number): Page {
  const sorted = entries.toSorted(inOrder);
  const page = sorted.slice(Math.max(0, sorted.length - limit));
  const below = new Map(Object.entries(top));
  for (const { origin, number } of page.toReversed()) below.set(origin, number - 1);
  const older = Object.fromEntries([...below].filter(([, number]) => number > 0));
  return { entries: page, older };
}
