/**
 * The patterns that can hold `host`, most specific first: itself, `*.` of its parent, then `**.` of
 * each ancestor from the longest to the shortest.
 */
export function candidatesOf(host: string): string[] {
  const candidates = [host];
  let parent = parentOf(host);
  if (parent !== "") candidates.push(`*.${parent}`);
  for (; parent !== ""; parent = parentOf(parent)) candidates.push(`**.${parent}`);
  return candidates;
}

function parentOf(host: string): string {
  const dot = host.indexOf(".");
  return dot === -1 ? "" : host.slice(dot + 1);
}

/** The name under which a tcp route's port is claimed and looked up; no host can look like it. */
export function portPlace(port: number): string {
  return `tcp:${port}`;
}

/** The port of a `portPlace`, or undefined for a host. */
export function portOfPlace(place: string): number | undefined {
  return place.startsWith("tcp:") ? Number(place.slice(4)) : undefined;
}
