import type { AgentState } from "@warren/fleet";
import type { Association } from "@warren/tunnel";
import type { AgentIdentity } from "./identity.ts";

/** An agent that this gateway has a tunnel with, as choosing sees it. */
export class AgentLink implements AgentState {
  readonly association: Association<AgentIdentity>;
  /** Label `weight` of the agent: its cluster's share among those that serve the same host. */
  readonly weight: number;
  readyAt: number;

  constructor(association: Association<AgentIdentity>) {
    this.association = association;
    this.weight = weightOf(association.register.labels["weight"]);
    this.readyAt = association.register.ready ? 0 : Infinity;
  }

  get agentId(): string {
    return this.association.register.agent_id;
  }
  get outstanding(): number {
    return this.association.tunnel.streams;
  }
  /** A new stream would leave at once. */
  get usable(): boolean {
    return this.willing && this.association.tunnel.openable;
  }
  /** It is connected and takes new streams, as far as its limit allows. */
  get willing(): boolean {
    const { attached, draining, retiring } = this.association;
    return attached && !draining && !retiring;
  }
  get clusterUuid(): string {
    return this.association.identity.clusterUuid;
  }
}

/** All of a cluster's tunnels with this gateway. */
export class ClusterLinks {
  readonly uuid: string;
  readonly name: string;
  readonly agents: AgentLink[] = [];

  constructor(uuid: string, name: string) {
    this.uuid = uuid;
    this.name = name;
  }

  /** True when a new stream can leave now. */
  get usable(): boolean {
    return this.agents.some((agent) => agent.usable);
  }
  /** True when one that knows what it is asked for can take it. */
  get ready(): boolean {
    return this.agents.some((agent) => agent.usable && agent.readyAt < Infinity);
  }
  /** True when only a limit on streams keeps a new one from leaving. */
  get full(): boolean {
    return !this.usable && this.agents.some((agent) => agent.willing);
  }
}

/** Which agents this gateway has, by cluster. Tells when any of that changes. */
export class Links {
  readonly #clusters = new Map<string, ClusterLinks>();
  readonly #heard = new Set<(clusterUuid: string) => void>();
  /** Grows with every change: what was computed from an older one is stale. */
  version = 0;

  cluster(uuid: string): ClusterLinks | undefined {
    return this.#clusters.get(uuid);
  }
  clusters(): Iterable<ClusterLinks> {
    return this.#clusters.values();
  }

  add(association: Association<AgentIdentity>): AgentLink {
    const { clusterUuid, cluster } = association.identity;
    const links = this.#clusters.get(clusterUuid) ?? new ClusterLinks(clusterUuid, cluster);
    this.#clusters.set(clusterUuid, links);
    const link = new AgentLink(association);
    links.agents.push(link);
    this.changed(clusterUuid);
    return link;
  }

  remove(association: Association<AgentIdentity>): void {
    const { clusterUuid } = association.identity;
    const links = this.#clusters.get(clusterUuid);
    if (links === undefined) return;
    const at = links.agents.findIndex((link) => link.association === association);
    if (at !== -1) links.agents.splice(at, 1);
    if (links.agents.length === 0) this.#clusters.delete(clusterUuid);
    this.changed(clusterUuid);
  }

  /** An agent of the cluster came, went, drains or is back. */
  changed(clusterUuid: string): void {
    this.version++;
    for (const heard of this.#heard) heard(clusterUuid);
  }

  onChange(heard: (clusterUuid: string) => void): () => void {
    this.#heard.add(heard);
    return () => void this.#heard.delete(heard);
  }
}

/** As for the weights of backends: a sum of a few of these is still exact. */
const MOST_WEIGHT = 1_000_000;

/** What is not a weight counts as the usual one. */
function weightOf(label: string | undefined): number {
  const weight = Number(label ?? 1);
  const counts = label?.trim() !== "" && Number.isFinite(weight) && weight >= 0;
  return counts ? Math.min(weight, MOST_WEIGHT) : 1;
}
