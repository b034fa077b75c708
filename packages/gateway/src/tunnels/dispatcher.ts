import type { AgentBalancer, AgentState, Reason } from "@warren/fleet";
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
import type { Direct } from "../direct/direct.ts";
import { ClusterChoice } from "./cluster-choice.ts";
import type { AgentLink, Links } from "./links.ts";
import { wayTo } from "./moved.ts";
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
  /** It has said that the agent is away, which has streams from here. */
  isAway(place: TunnelPlace): boolean;
  /** Streams that go there now. */
  outstanding(place: TunnelPlace): number;
  /** False while the other gateway does not answer. */
  reachable(place: TunnelPlace): boolean;
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
  /** Undefined where no endpoint is dialled. */
  direct: Pick<Direct, "open" | "isUsable"> | undefined;
  /** A new request waits so long for a flapping cluster. */
  flapMs: number;
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
    return this.place.leaving !== true && this.#peers.reachable(this.place);
  }
  get readyAt(): number {
    return this.place.unready === true ? Infinity : 0;
  }
}

type Candidate = AgentLink | RemoteAgent;

const REFUSED = new WireError("refused", "the cluster's agents do not take it", {
  retryAfterMs: 1_000,
});
const UNREACHABLE = new WireError("upstream_unreachable", "the cluster's endpoint does not answer");

function isReady({ readyAt }: AgentState): boolean {
  return readyAt < Infinity;
}

function isDirectAlone({ route }: RouteEntry): boolean {
  return route.mode === "direct";
}

/** Nobody says when another gateway's tunnel is back, or when an agent takes streams again. */
const LOOK_MS = 250;
/** An agent that refused a stream unread is behind the others: for so long they are asked first. */
const BEHIND_MS = 1_000;

/**
 * Chooses cluster, gateway, agent and backend, and opens the stream. Invariants:
 *
 * P1. A gateway's own tunnels come first: the hop to another gateway is for what has none here that
 *     is ready, or for a client that belongs to an agent elsewhere.
 * P2. A cluster that can serve now is tried before one that flaps is waited for.
 * P3. From its first attempt an errand looks for an agent for `flapMs`, however often it is refused.
 * P4. A cluster's own endpoint comes after its tunnels, or alone where its route says `direct`; before
 *     anything is waited for.
 */
export class Dispatcher implements Dispatch {
  readonly #options: DispatcherOptions;
  readonly #clusters: ClusterChoice;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#clusters = new ClusterChoice({ ...options, hasPeers: options.peers !== undefined });
  }

  open(errand: Errand): Opened | Promise<Opened> {
    const { matched } = errand;
    const entry = this.#clusters.choose(errand);
    if (entry.route.mode === "direct") return this.#openSlowly(errand);
    const local = this.#options.links.cluster(entry.clusterUuid)?.agents;
    // The hot path: a usable agent of our own, nothing to remember about the client.
    if (
      local !== undefined &&
      errand.moved === undefined &&
      (this.#options.peers === undefined ||
        (matched.policy.affinity === "none" && local.some(isReady)))
    ) {
      const opened = this.#openLocal(errand, entry, local);
      if (opened !== undefined) return opened;
    }
    return this.#openSlowly(errand);
  }

  /** Every cluster of a route in the order in which it would be tried, and why. */
  why(matched: Matched): Reason[] {
    return this.#clusters.why(matched);
  }

  async #openSlowly(errand: Errand): Promise<Opened> {
    const { clock, room, flapMs, peers } = this.#options;
    const untilMs = (errand.moved?.sinceMs ?? clock.now()) + flapMs; // P3
    this.#noteRefusal(errand);
    const uuids = [...new Set(errand.matched.entries.map((entry) => entry.clusterUuid))];
    for (;;) {
      const opened = await this.#try(errand);
      if (opened !== undefined) return opened;
      if (errand.matched.entries.every(isDirectAlone)) throw UNREACHABLE;
      const leftMs = untilMs - clock.now();
      if (leftMs <= 0 || !uuids.some((uuid) => this.#mayComeBack(uuid))) break;
      const look = peers !== undefined || errand.moved !== undefined;
      const waited = await room.wait(uuids, look ? Math.min(leftMs, LOOK_MS) : leftMs);
      if (waited === "full") break;
      // Whoever refused may take it by now.
      if (errand.moved !== undefined) errand.moved.refusedBy.length = 0;
    }
    // Nobody should look for a tunnel that is down: the agents are there, and do not know the route.
    const there = uuids.some((uuid) => this.#options.links.cluster(uuid)?.usable === true);
    throw errand.moved !== undefined && there ? REFUSED : this.unavailable(uuids);
  }

  /** Its agent has not heard of the route yet, or goes away: nobody else need find that out now. */
  #noteRefusal({ matched, moved }: Errand): void {
    const last = moved?.refusedBy.at(-1);
    if (last === undefined) return;
    const { clock, links } = this.#options;
    for (const { clusterUuid } of matched.entries) {
      const agents = links.cluster(clusterUuid)?.agents ?? [];
      const link = agents.find(({ agentId }) => wayTo(agentId, undefined) === last);
      if (link !== undefined) link.readyAt = Math.max(link.readyAt, clock.now() + BEHIND_MS);
    }
  }

  /** One attempt over all agents of the chosen cluster, then of the others of the route (P2). */
  async #try(errand: Errand): Promise<Opened | undefined> {
    const { entries } = errand.matched;
    const chosen = this.#clusters.choose(errand);
    const opened = await this.#tryEntry(errand, chosen);
    if (opened !== undefined || entries.length === 1) return opened;
    for (const { index } of this.why(errand.matched)) {
      const entry = entries[index]!;
      const found = entry === chosen ? undefined : await this.#tryEntry(errand, entry);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #tryEntry(errand: Errand, entry: RouteEntry): Promise<Opened | undefined> {
    const { mode = "tunnel" } = entry.route;
    const opened = mode === "direct" ? undefined : await this.#tryTunnels(errand, entry);
    if (opened !== undefined || mode === "tunnel") return opened;
    return this.#options.direct?.open(errand, entry); // P4
  }

  async #tryTunnels(errand: Errand, entry: RouteEntry): Promise<Opened | undefined> {
    const { links } = this.#options;
    const refusedBy = errand.moved?.refusedBy ?? [];
    const local = (links.cluster(entry.clusterUuid)?.agents ?? []).filter(
      ({ agentId }) => !refusedBy.includes(wayTo(agentId, undefined)),
    );
    const sticky = errand.matched.policy.affinity !== "none";
    if (!sticky && (this.#options.peers === undefined || local.some(isReady))) {
      const opened = this.#openLocal(errand, entry, local); // P1
      if (opened !== undefined) return opened;
    }
    const candidates: Candidate[] = [...local, ...(await this.#remote(entry, local, refusedBy))];
    while (candidates.length > 0) {
      const at = this.#choose(candidates, errand, entry);
      if (at === -1) return undefined;
      const [candidate] = candidates.splice(at, 1);
      const opened = await this.#openOn(candidate!, errand, entry);
      if (opened !== undefined) return opened;
    }
    return undefined;
  }

  /** Agents that other gateways have and this one has not. */
  async #remote(
    { clusterUuid }: RouteEntry,
    local: readonly AgentLink[],
    refusedBy: readonly string[],
  ): Promise<RemoteAgent[]> {
    const { gatewayId, peers, registry } = this.#options;
    if (peers === undefined) return [];
    const here = new Set(local.filter((link) => link.usable).map((link) => link.agentId));
    const places = await registry.directory.tunnelsOf(clusterUuid);
    return places
      .filter((place) => place.gatewayId !== gatewayId && !here.has(place.agentId))
      .filter((place) => !refusedBy.includes(wayTo(place.agentId, place.gatewayId)))
      .map((place) => new RemoteAgent(place, peers));
  }

  async #openOn(
    candidate: Candidate,
    errand: Errand,
    entry: RouteEntry,
  ): Promise<Opened | undefined> {
    if (!(candidate instanceof RemoteAgent)) return this.#openLocal(errand, entry, [candidate]);
    const { place } = candidate;
    const { openings, peers } = this.#options;
    const opening = openings.opening(entry, errand, place.tunnelId);
    try {
      const stream = await peers!.open(place, opening, errand.ended, errand.owner);
      return {
        stream,
        entry,
        clusterUuid: entry.clusterUuid,
        agentId: place.agentId,
        viaGateway: place.gatewayId,
        isAway: () => peers!.isAway(place),
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
    const opening = this.#options.openings.opening(entry, errand);
    return {
      stream: agent.association.tunnel.open(opening, errand.ended, errand.owner),
      entry,
      clusterUuid: entry.clusterUuid,
      agentId: agent.agentId,
      viaGateway: undefined,
      isAway: undefined,
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

  /**
   * False when waiting would only delay the answer: the cluster is gone for so long that nobody will
   * resume, or it is there and has all the streams that it may have.
   */
  #mayComeBack(uuid: string): boolean {
    const here = this.#options.links.cluster(uuid);
    if (here !== undefined) return !here.full;
    return this.#options.registry.presence(uuid)?.online !== false;
  }

  /** What a request for these clusters hears while none of them can take it. */
  unavailable(uuids: readonly string[]): WireError {
    const { links, registry } = this.#options;
    if (uuids.some((uuid) => links.cluster(uuid)?.full === true))
      return new WireError("overloaded", "every tunnel of the cluster is full", {
        retryAfterMs: 1_000,
      });
    const expected = (uuid: string): boolean =>
      links.cluster(uuid) !== undefined || registry.presence(uuid)?.online === true;
    if (uuids.some(expected))
      return new WireError("cluster_reconnecting", "the cluster's tunnel is being resumed", {
        retryAfterMs: 5_000,
      });
    return new WireError("cluster_offline", "the cluster has no tunnel to a gateway", {
      retryAfterMs: 30_000,
    });
  }
}
