import type { Policy } from "@warren/wire";

const strips = new WeakMap<readonly string[], ReadonlySet<string>>();

/** Fields that a route keeps from its service: one set per list object, which lives as long as it. */
export function stripOf({ strip_headers: list }: Policy): ReadonlySet<string> | undefined {
  if (list.length === 0) return undefined;
  let strip = strips.get(list);
  if (strip === undefined) strips.set(list, (strip = new Set(list)));
  return strip;
}
