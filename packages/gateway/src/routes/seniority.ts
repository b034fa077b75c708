import type { RouteEntry } from "../ports.ts";

/**
 * Sorts the older object's entry first, then the first by namespace and name (Gateway API,
 * HTTPRouteRule). Entries that do not say how old they are come last, as they came.
 */
export function bySeniority(a: RouteEntry, b: RouteEntry): number {
  const [one, two] = [a.route.age, b.route.age];
  if (one === undefined || two === undefined)
    return Number(one === undefined) - Number(two === undefined);
  if (one !== two) return one - two;
  const [name, other] = [nameOf(a), nameOf(b)];
  return name < other ? -1 : Number(name > other);
}

/**
 * Entries of several clusters share a match; of one cluster's only the most senior serves. Order is
 * kept.
 */
export function oneOfEach(entries: readonly RouteEntry[]): readonly RouteEntry[] {
  const serving = new Map<string, RouteEntry>();
  for (const entry of entries) {
    const rival = serving.get(entry.clusterUuid);
    if (rival === undefined || bySeniority(entry, rival) < 0) serving.set(entry.clusterUuid, entry);
  }
  return entries.filter((entry) =>
    entry.route.age === undefined
      ? serving.get(entry.clusterUuid)!.route.age === undefined
      : serving.get(entry.clusterUuid) === entry,
  );
}

function nameOf({ route }: RouteEntry): string {
  return `${route.namespace}/${route.ingress_name}`;
}
