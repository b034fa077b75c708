import type { ControlInput, Route } from "@warren/wire";

/** Text of one message's routes at most, bytes: half of what a gateway takes. */
export const PART_BYTES = 524_288;

type Action = "add" | "update" | "delete" | "sync";
export interface RoutesMessage {
  message: ControlInput & { type: "ingress_routes" };
  routes: readonly Route[];
}

/**
 * `ingress_routes` messages that say `action` of `routes` at `revision`, each below `PART_BYTES`. A
 * snapshot in several messages is numbered, and applied with its last part; an empty one is one
 * message, and says that nothing is published.
 */
export function routesMessages(
  action: Action,
  routes: Iterable<Route>,
  revision: number,
  clusterUuid: string,
): RoutesMessage[] {
  const parts = partition(routes);
  if (parts.length === 0 && action === "sync") parts.push([]);
  return parts.map((part, index) => ({
    routes: part,
    message: {
      type: "ingress_routes",
      payload: {
        action,
        cluster_uuid: clusterUuid,
        revision,
        ...(action === "sync" && parts.length > 1
          ? { part: { index, last: index === parts.length - 1 } }
          : {}),
        routes: part,
      },
    },
  }));
}

function partition(routes: Iterable<Route>): Route[][] {
  const parts: Route[][] = [];
  let bytes = Infinity;
  for (const route of routes) {
    const more = Buffer.byteLength(JSON.stringify(route)) + 1;
    if (bytes + more > PART_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(route);
    bytes += more;
  }
  return parts;
}
