import type { AgentState } from "@warren/fleet";
import type { Association } from "@warren/tunnel";
import type { AgentIdentity } from "./identity.ts";

/** An agent that this gateway has a tunnel with, as choosing sees it. */
export class AgentLink implements AgentState {
  readonly association: Association<AgentIdentity>;
  /** The token expires or was told to end: what runs goes on, nothing new comes. */
  retiring = false;

  constructor(association: Association<AgentIdentity>) {
    this.association = association;
  }

  get agentId(): string {
    return this.association.register.agent_id;
  }
  get outstanding(): number {
    return this.association.tunnel.streams;
  }
  /** A new stream would leave at once. */
  get usable(): boolean {
    const { attached, draining, tunnel } = this.association;
    return attached && !draining && !this.retiring && tunnel.openable;
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
  /** True while a lost tunnel may still be resumed. */
  get waiting(): boolean {
    return this.agents.some(({ association }) => !association.attached);
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

  find(association: Association<AgentIdentity>): AgentLink | undefined {
    const links = this.#clusters.get(association.identity.clusterUuid);
    return links?.agents.find((link) => link.association === association);
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
