import {
  compileFleet,
  type AgentBalancer,
  type AgentState,
  type FleetChooser,
  type Reason,
} from "@warren/fleet";
import type { Clock, Stream, StreamOwner } from "@warren/tunnel";
import { WireError } from "@warren/wire";
import type {
  Dispatch,
  Errand,
  Matched,
  Opened,
  Registry,
  RouteEntry,
  TunnelPlace,
} from "../ports.ts";
import type { AgentLink, Links } from "./links.ts";
import type { OpeningCache } from "./opening-cache.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** Streams over other gateways. */
export interface Peers {
  /** Opens a stream on another gateway, dialling it if need be. Rejects `refused` when it cannot. */
  open(
    place: TunnelPlace,
    opening: Uint8Array,
    ended: boolean,
    owner: StreamOwner,
  ): Promise<Stream>;
  /** Streams that go there now. */
  outstanding(place: TunnelPlace): number;
  /** False while the other gateway does not answer. */
  reachable(gatewayId: string): boolean;
}

export interface DispatcherOptions {
  gatewayId: string;
  clock: Clock;
  random: () => number;
  links: Links;
  registry: Pick<Registry, "directory" | "presence">;
  balancer: AgentBalancer;
  openings: OpeningCache;
  room: WaitingRoom;
  /** Undefined for a gateway on its own. */
  peers: Peers | undefined;
  /** A new request waits so long for a flapping cluster. */
  flapMs: number;
  /** Weight of a cluster among those that share a host. */
  weightOf: (clusterUuid: string) => number;
}

/** An agent whose tunnel is on another gateway. */
class RemoteAgent implements AgentState {
  readonly place: TunnelPlace;
  readonly #peers: Peers;
  constructor(place: TunnelPlace, peers: Peers) {
    this.place = place;
    this.#peers = peers;
  }
  get agentId(): string {
    return this.place.agentId;
  }
  get outstanding(): number {
    return this.#peers.outstanding(this.place);
  }
  get usable(): boolean {
    return this.#peers.reachable(this.place.gatewayId);
  }
}

type Candidate = AgentLink | RemoteAgent;

/** Tries of one request before it is answered `overloaded` or offline. */
const MOST_TRIES = 4;

/** Chooses cluster, gateway, agent and backend, and opens the stream. */
export class Dispatcher implements Dispatch {
  readonly #options: DispatcherOptions;
  readonly #choosers = new WeakMap<Matched, { version: number; chooser: FleetChooser }>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  open(errand: Errand): Opened | Promise<Opened> {
    const { matched } = errand;
    const entry = this.#entry(errand);
    const local = this.#options.links.cluster(entry.clusterUuid)?.agents;
    // The hot path: a usable agent of our own, nothing to remember about the client.
    if (
      local !== undefined &&
      (matched.policy.affinity === "none" || this.#options.peers === undefined)
    ) {
      const opened = this.#openLocal(errand, entry, local);
      if (opened !== undefined) return opened;
    }
    return this.#openSlowly(errand);
  }

  /** Every cluster of a route in the order in which it would be tried, and why. */
  why(matched: Matched): Reason[] {
    return this.#chooser(matched).why(undefined);
  }

  async #openSlowly(errand: Errand): Promise<Opened> {
    const { clock, room, flapMs } = this.#options;
    const until = clock.now() + flapMs;
    const clusters = [...new Set(errand.matched.entries.map((entry) => entry.clusterUuid))];
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const opened = await this.#try(errand);
      if (opened !== undefined) return opened;
      if (clusters.every((uuid) => this.#isOffline(uuid))) break;
      if (!(await room.wait(clusters, until - clock.now()))) break;
    }
    throw this.#unavailable(clusters);
  }

  /** One attempt over all agents of the chosen cluster, here and elsewhere. */
  async #try(errand: Errand): Promise<Opened | undefined> {
    const { links, peers, registry } = this.#options;
    const entry = this.#entry(errand);
    const local = links.cluster(entry.clusterUuid)?.agents ?? [];
    const sticky = errand.matched.policy.affinity !== "none";
    if (!sticky) {
      const opened = this.#openLocal(errand, entry, local);
      if (opened !== undefined) return opened;
    }
    if (peers === undefined) return this.#openLocal(errand, entry, local);
    const places = await registry.directory.tunnelsOf(entry.clusterUuid);
    const remote = places
      .filter(({ gatewayId }) => gatewayId !== this.#options.gatewayId)
      .filter(({ agentId }) => !local.some((link) => link.agentId === agentId && link.usable))
      .map((place) => new RemoteAgent(place, peers));
    const candidates: Candidate[] = [...local, ...remote];
    while (candidates.length > 0) {
      const at = this.#choose(candidates, errand, entry);
      if (at === -1) return undefined;
      const [candidate] = candidates.splice(at, 1);
      const opened = await this.#openOn(candidate!, errand, entry);
      if (opened !== undefined) return opened;
    }
    return undefined;
  }

  async #openOn(
    candidate: Candidate,
    errand: Errand,
    entry: RouteEntry,
  ): Promise<Opened | undefined> {
    if (!(candidate instanceof RemoteAgent)) return this.#openLocal(errand, entry, [candidate]);
    const { place } = candidate;
    const { openings, peers } = this.#options;
    const opening = openings.opening(entry, errand.kind, errand.head, place.tunnelId);
    try {
      const stream = await peers!.open(place, opening, errand.ended, errand.owner);
      return {
        stream,
        entry,
        clusterUuid: entry.clusterUuid,
        agentId: place.agentId,
        viaGateway: place.gatewayId,
        setSticky: this.#cookie(errand, entry.clusterUuid, place.agentId),
      };
    } catch (reason) {
      const error = WireError.from(reason);
      if (error.code === "headers_too_large") throw error;
      return undefined; // unread there: the next candidate
    }
  }

  #openLocal(errand: Errand, entry: RouteEntry, agents: readonly AgentLink[]): Opened | undefined {
    const at = this.#choose(agents, errand, entry);
    if (at === -1) return undefined;
    const agent = agents[at]!;
    const opening = this.#options.openings.opening(entry, errand.kind, errand.head);
    return {
      stream: agent.association.tunnel.open(opening, errand.ended, errand.owner),
      entry,
      clusterUuid: entry.clusterUuid,
      agentId: agent.agentId,
      viaGateway: undefined,
      setSticky: this.#cookie(errand, entry.clusterUuid, agent.agentId),
    };
  }

  #choose(agents: readonly AgentState[], errand: Errand, entry: RouteEntry): number {
    if (agents.length === 1) return agents[0]!.usable ? 0 : -1;
    const question = {
      clusterUuid: entry.clusterUuid,
      policy: errand.matched.policy,
      address: errand.client.address,
      sticky: errand.sticky,
    };
    return this.#options.balancer.choose(agents, question, this.#options.clock.now());
  }

  #cookie(errand: Errand, clusterUuid: string, agentId: string): string | undefined {
    if (errand.matched.policy.affinity !== "cookie") return undefined;
    const { cookie } = this.#options.balancer;
    if (errand.sticky !== undefined && cookie.namesAgent(errand.sticky, clusterUuid, agentId))
      return undefined;
    return cookie.valueOf(clusterUuid, agentId);
  }

  /** The entry of the cluster that the fleet chooses. */
  #entry(errand: Errand): RouteEntry {
    const { entries, policy } = errand.matched;
    if (entries.length === 1) return entries[0]!;
    const { balancer, links, random } = this.#options;
    const { sticky } = errand;
    if (policy.affinity === "cookie" && sticky !== undefined) {
      const kept = entries.find(
        ({ clusterUuid }) =>
          balancer.cookie.namesCluster(sticky, clusterUuid) && links.cluster(clusterUuid)?.usable,
      );
      if (kept !== undefined) return kept;
    }
    const chooser = this.#chooser(errand.matched);
    const at =
      policy.affinity === "client_ip"
        ? chooser.chooseFor(errand.client.address)
        : chooser.choose(random());
    return entries[at] ?? entries[0]!;
  }

  #chooser(matched: Matched): FleetChooser {
    const { links, registry, weightOf } = this.#options;
    const known = this.#choosers.get(matched);
    if (known?.version === links.version) return known.chooser;
    const clusters = matched.entries.map(({ clusterUuid: uuid }) => {
      const up = links.cluster(uuid)?.usable === true || registry.presence(uuid)?.online === true;
      return {
        uuid,
        weight: weightOf(uuid),
        health: up ? ("up" as const) : ("down" as const),
        draining: false,
        place: {},
      };
    });
    const chooser = compileFleet({ clusters });
    this.#choosers.set(matched, { version: links.version, chooser });
    return chooser;
  }

  /** Gone for so long that nobody will resume: waiting would only delay the answer. */
  #isOffline(clusterUuid: string): boolean {
    if (this.#options.links.cluster(clusterUuid) !== undefined) return false;
    const presence = this.#options.registry.presence(clusterUuid);
    return presence !== undefined && !presence.online;
  }

  #unavailable(clusters: readonly string[]): WireError {
    const { links } = this.#options;
    const here = clusters.map((uuid) => links.cluster(uuid)).filter((one) => one !== undefined);
    if (here.some((cluster) => cluster.agents.some((agent) => agent.association.attached)))
      return new WireError("overloaded", "every tunnel of the cluster is full or draining", {
        retryAfterMs: 1_000,
      });
    if (here.some((cluster) => cluster.waiting))
      return new WireError("cluster_reconnecting", "the cluster's tunnel is being resumed", {
        retryAfterMs: 5_000,
      });
    return new WireError("cluster_offline", "the cluster has no tunnel to this gateway", {
      retryAfterMs: 30_000,
    });
  }
}
