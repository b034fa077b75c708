import type { TunnelSummary } from "../admin/admin-ports.ts";
import type { Agents } from "./agents.ts";

/** The tunnels of this gateway as the admin listener shows them. */
export function summaries(agents: Agents): TunnelSummary[] {
  return [...agents.acceptor.associations()].map((one) => ({
    tunnel: one.tunnelId.slice(0, 6),
    cluster_uuid: one.identity.clusterUuid,
    cluster: one.identity.cluster,
    names: one.identity.names,
    agent_id: one.register.agent_id,
    state: one.draining ? "draining" : one.attached ? "connected" : "reconnecting",
    address: one.identity.address,
    is_private: agents.lastBeat(one)?.isPrivate ?? null,
    wanted_routes: agents.lastBeat(one)?.wanted ?? null,
    agent_version: one.register.versions.agent,
    since: new Date(one.identity.since).toISOString(),
    stats: one.tunnel.stats(),
  }));
}
