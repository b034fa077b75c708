import type { Directory, GatewayPlace, TunnelPlace } from "../ports.ts";

const NONE: readonly TunnelPlace[] = [];

/** The directory of a single gateway: whoever announces lives in this process, nothing expires. */
export function memoryDirectory(): Directory {
  const gateways = new Map<string, GatewayPlace>();
  const tunnels = new Map<string, TunnelPlace>();
  const byCluster = new Map<string, readonly TunnelPlace[]>();
  const withdraw = (tunnelId: string) => {
    const place = tunnels.get(tunnelId);
    if (place === undefined) return;
    tunnels.delete(tunnelId);
    const left = byCluster.get(place.clusterUuid)!.filter((one) => one.tunnelId !== tunnelId);
    if (left.length > 0) byCluster.set(place.clusterUuid, left);
    else byCluster.delete(place.clusterUuid);
  };
  return {
    announceGateway: async (place) => void gateways.set(place.gatewayId, place),
    withdrawGateway: async (gatewayId) => void gateways.delete(gatewayId),
    gateways: async () => [...gateways.values()],
    announceTunnel: async (place) => {
      withdraw(place.tunnelId);
      tunnels.set(place.tunnelId, place);
      byCluster.set(place.clusterUuid, [...(byCluster.get(place.clusterUuid) ?? NONE), place]);
    },
    withdrawTunnel: async (tunnelId) => withdraw(tunnelId),
    tunnel: async (tunnelId) => tunnels.get(tunnelId),
    tunnelsOf: (clusterUuid) => byCluster.get(clusterUuid) ?? NONE,
  };
}
