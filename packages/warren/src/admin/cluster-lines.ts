import { keepsAllOut } from "@warren/wire";
import type { RouteView, TunnelView } from "./views.ts";

/** A cluster as `warren status` shows it, by its tunnels to this gateway and its routes. */
export interface ClusterLine {
  cluster_uuid: string;
  cluster: string;
  /** As its agents say: a public one has an endpoint of its own. */
  type: "private" | "public" | "unknown";
  /** How its routes are reached: tunnel, direct, both. */
  modes: string[];
  agents: number;
  agents_connected: number;
  routes: number;
  /** Places that are shut: nothing is published there. */
  routes_shut: number;
  /** Routes that an agent wants in force and that are not. */
  routes_refused: number;
  /** RFC 3339: when its routes were said last; null without any. */
  synced_at: string | null;
}

/** By name. A cluster without a tunnel here has its uuid for a name. */
export function clustersOf(
  tunnels: readonly TunnelView[],
  routes: readonly RouteView[],
): ClusterLine[] {
  const ofTunnels = Map.groupBy(tunnels, (one) => one.cluster_uuid);
  const ofRoutes = Map.groupBy(routes, (one) => one.clusterUuid);
  const uuids = new Set([...ofTunnels.keys(), ...ofRoutes.keys()]);
  return [...uuids]
    .map((uuid) => lineOf(uuid, ofTunnels.get(uuid) ?? [], ofRoutes.get(uuid) ?? []))
    .toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1));
}

/** Those that let somebody in. */
export function openOf(routes: readonly RouteView[]): RouteView[] {
  return routes.filter(({ route }) => !keepsAllOut(route.policy));
}

function lineOf(
  uuid: string,
  tunnels: readonly TunnelView[],
  routes: readonly RouteView[],
): ClusterLine {
  const wanted = Math.max(0, ...tunnels.map((one) => one.wanted_routes ?? 0));
  const open = openOf(routes);
  const said = tunnels.find((one) => one.is_private !== null)?.is_private;
  return {
    cluster_uuid: uuid,
    cluster: tunnels[0]?.cluster ?? uuid,
    type: said === undefined || said === null ? "unknown" : said ? "private" : "public",
    modes: [...new Set(routes.map(({ route }) => route.mode))].toSorted(),
    agents: tunnels.length,
    agents_connected: tunnels.filter(({ state }) => state === "connected").length,
    routes: open.length,
    routes_shut: routes.length - open.length,
    routes_refused: Math.max(0, wanted - routes.length),
    synced_at:
      routes.length === 0
        ? null
        : new Date(routes.reduce((last, one) => Math.max(last, one.updatedAt), 0)).toISOString(),
  };
}
