/**
 * Hostnames of listeners and routes (Gateway API, Hostname): `a.b`, or `*.b`, which stands for one
 * label or more before `.b`. Undefined, or an empty list, stands for every host.
 */

/** What both allow, the narrower of the two; undefined when no host is in both. */
export function intersection(one: string, other: string): string | undefined {
  if (one === other) return one;
  if (isWithin(one, other)) return one;
  return isWithin(other, one) ? other : undefined;
}

/** Every host of `inner` is one of `outer`, and they are not the same. */
function isWithin(inner: string, outer: string): boolean {
  if (!outer.startsWith("*.")) return false;
  const suffix = outer.slice(1);
  const name = inner.startsWith("*.") ? inner.slice(1) : inner;
  return name.length > suffix.length && name.endsWith(suffix);
}

/**
 * The hosts at which a route with these hostnames is served by a listener with this one; undefined
 * when there is none. `[]`: every host.
 */
export function servedHosts(
  listener: string | undefined,
  route: readonly string[] | undefined,
): string[] | undefined {
  const asked = (route ?? []).map((host) => host.toLowerCase());
  if (listener === undefined || listener === "") return [...new Set(asked)];
  const own = listener.toLowerCase();
  if (asked.length === 0) return [own];
  const both = asked.flatMap((host) => intersection(own, host) ?? []);
  return both.length === 0 ? undefined : [...new Set(both)];
}

/** As a route on the wire says it: there `*.` is one label, and `**.` one or more. */
export function hostPattern(hostname: string): string {
  return hostname.startsWith("*.") ? `*${hostname}` : hostname;
}
