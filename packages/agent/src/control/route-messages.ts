import type { ControlInput, Route } from "@warren/wire";

/** Text of one message's routes at most, bytes: half of what a gateway takes. */
export const PART_BYTES = 524_288;

export type RoutesAction = "add" | "update" | "delete" | "sync";

/**
 * `ingress_routes` messages that say `action` of `routes` at `revision`, each below `PART_BYTES`. A
 * snapshot in several messages is numbered, and applied with its last part; an empty one is one
 * message, and says that nothing is published.
 */
export function routesMessages(
  action: RoutesAction,
  routes: readonly Route[],
  revision: number,
): (ControlInput & { type: "ingress_routes" })[] {
  const parts = partition(routes);
  const numbered = action === "sync" && parts.length > 1;
  return parts.map((part, index) => ({
    type: "ingress_routes",
    payload: {
      action,
      revision,
      ...(numbered ? { part: { index, last: index === parts.length - 1 } } : {}),
      routes: part,
    },
  }));
}

function partition(routes: readonly Route[]): Route[][] {
  const parts: Route[][] = [[]];
  let bytes = 0;
  for (const route of routes) {
    const more = Buffer.byteLength(JSON.stringify(route)) + 1;
    if (bytes + more > PART_BYTES && bytes > 0) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(route);
    bytes += more;
  }
  return parts;
}
