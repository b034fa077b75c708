import type { Metrics } from "@warren/host";
import type { TunnelStats } from "@warren/tunnel";
import type { Events } from "../events.ts";
import type { Registry } from "../ports.ts";
import type { RolloutView } from "../rollout/rollout-view.ts";

/** A tunnel of this gateway, as people look at it. */
export interface TunnelSummary {
  /** Not the whole id: that is what a resume needs. */
  tunnel: string;
  cluster_uuid: string;
  cluster: string;
  /** Public names of the cluster here. */
  names: readonly string[];
  agent_id: string;
  /** connected, or waiting for its agent, or going away. */
  state: "connected" | "reconnecting" | "draining";
  /** Where its transport comes from, or came from last. */
  address: string;
  /** As its agent says; null before it has. */
  is_private: boolean | null;
  /** Routes that its agent wants in force, as it said last: those that were refused, too. */
  wanted_routes: number | null;
  agent_version: string;
  /** RFC 3339. */
  since: string;
  stats: TunnelStats;
}

/** What the admin listener shows and changes. */
export interface AdminPorts {
  registry: Pick<Registry, "routes" | "claims" | "release" | "releaseUnused" | "revocations">;
  tunnels(): readonly TunnelSummary[];
  /** Which route, cluster, gateway, agent and policy would serve this request, and why: JSON. */
  why(url: URL, method: string): object | Promise<object>;
  /** Which private clusters are served. */
  rollout(): Promise<RolloutView>;
  /** False from the moment a drain begins. */
  ready(): boolean;
  /** Begins a drain; a second call does nothing. */
  drain(): void;
  metrics: Pick<Metrics, "text" | "contentType">;
  events: Pick<Events, "credentialRefused" | "adminChanged" | "tokenRevoked" | "broke">;
}
