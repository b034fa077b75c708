import { nodeWorld } from "@warren/host";
import type { Clock, Upgrade } from "@warren/host";
import {
  Acceptor,
  type AcceptorOwner,
  type Association,
  type Heard,
  type Pool,
  type Transport,
} from "@warren/tunnel";
import { WireError, type GatewayAddress, type Limits } from "@warren/wire";
import type { GatewayConfig } from "../config.ts";
import type { Events, EventTunnel } from "../events.ts";
import type { HostCare } from "../host-care.ts";
import type { Registry } from "../ports.ts";
import { verifyToken } from "../tokens/agent-token.ts";
import type { TokenKeys } from "../tokens/token-keys.ts";
import { AgentMessages, type Beat } from "./agent-messages.ts";
import { shakeHands } from "./handshake.ts";
import { identityOf, type AgentIdentity } from "./identity.ts";
import type { EndpointJudge } from "./judged-endpoints.ts";
import { ClusterPools } from "./cluster-pools.ts";
import type { AgentLink, Links } from "./links.ts";

/** Timers hold no more than 2^31 - 1 ms. */
const LONGEST_TIMER_MS = 2_147_483_647;
/** How long an expired token's tunnel may finish what it carries. */
const EXPIRY_GRACE_MS = 60_000;
const REVOKED = new WireError("token_revoked", "the agent token was revoked");

export interface AgentsOptions {
  config: Pick<
    GatewayConfig,
    "id" | "advertise" | "tunnels" | "peers" | "quotas" | "agentMessageBytes"
  >;
  limits: Limits;
  clock: Clock;
  keys: TokenKeys;
  registry: Registry;
  /** Undefined where no endpoint is dialled. */
  endpoints: EndpointJudge | undefined;
  links: Links;
  gateways: () => readonly GatewayAddress[];
  newTunnelId: () => string;
  events: Events;
  /** Names, whose hosts are, certificates. */
  hosts: Pick<HostCare, "namesOf" | "admit" | "published" | "heard">;
  /** Routes of some cluster were applied. */
  onRoutes: () => void;
  /** See `AcceptorOwner.elsewhere`. */
  elsewhere: AcceptorOwner<AgentIdentity>["elsewhere"];
}

/** The agents of this gateway: who may come, who is here, what they say. */
export class Agents {
  readonly acceptor: Acceptor<AgentIdentity>;
  readonly #options: AgentsOptions;
  readonly #messages: AgentMessages;
  readonly #pools: ClusterPools;
  readonly #expiries = new Map<Association<AgentIdentity>, () => void>();
  readonly #stopHearing: () => void;
  /** Of each agent that has said so: whether the internet reaches its cluster. */
  readonly #publics = new WeakMap<Association<AgentIdentity>, boolean>();
  /** Words to the registry that are under way. */
  readonly #farewells = new Set<Promise<void>>();
  #isLeaving = false;

  constructor(options: AgentsOptions) {
    this.#options = options;
    const { config, limits, registry } = options;
    const { detectMs, resumeMs, heartbeatMs } = config.tunnels;
    this.#pools = new ClusterPools(config.tunnels);
    this.#messages = new AgentMessages({
      registry,
      endpoints: options.endpoints,
      mostRoutes: config.quotas.clusterRoutes,
      mostLength: config.agentMessageBytes,
      timestamp: nodeWorld.timestamp,
      hasFellows: (one) => this.#hasFellows(one),
      hosts: options.hosts,
      onRoutes: (one, action, verdict) => {
        const { clusterUuid } = one.identity;
        const { revision } = verdict;
        options.events.routesApplied({ clusterUuid, action, revision });
        options.events.routesRejected(clusterUuid, verdict.rejected);
        options.onRoutes();
        this.#say(this.#countRoutes(one));
      },
      onKind: (one, isPrivate) => this.#hearKind(one, isPrivate),
      onHeartbeat: (one, published) =>
        options.events.routesPublished(one.identity.clusterUuid, published),
      onReady: (one, ready) => this.#ready(one, ready),
      onDraining: (one) => this.#leaving(one),
      onFailure: (_one, what, reason) => options.events.broke(what, reason),
    });
    this.acceptor = new Acceptor<AgentIdentity>({
      world: {
        ...nodeWorld,
        clock: options.clock,
        broke: (reason) => options.events.broke("stream of an agent", reason),
      },
      newTunnelId: options.newTunnelId,
      gateway: { id: config.id, url: config.advertise },
      gateways: options.gateways,
      pool: ({ clusterUuid }) => this.#pools.open(clusterUuid),
      // Agents open no streams: none, so that nobody makes us hold openings that never end.
      limits: { ...limits, streams: 0 },
      opens: limits.streams,
      detectMs,
      resumeMs,
      heartbeatMs,
      owner: {
        onUp: (one, resumed) => this.#up(one, resumed),
        onDown: (one, why) => this.#down(one, why),
        onGone: (one, error) => this.#gone(one, error),
        onControl: (one, message, text) => this.#messages.hear(one, message, text),
        onStream: (_one, stream) =>
          stream.reset(new WireError("not_implemented", "agents open no streams")),
        elsewhere: options.elsewhere,
      },
    });
    this.#stopHearing = registry.revocations.onRevoked((tokenId) => this.#revoked(tokenId));
  }

  /** What an agent said of itself last, for people. */
  lastBeat(one: Association<AgentIdentity>): Beat | undefined {
    return this.#messages.lastBeat(one);
  }

  /** What all tunnels together may hold. */
  get pool(): Pool {
    return this.#pools.gateway;
  }

  /** An upgrade request for the tunnel path. */
  async accept(upgrade: Upgrade, address: string): Promise<void> {
    const refused = await shakeHands(upgrade, (bearer) => this.#authenticate(bearer, address));
    if (refused !== undefined) this.#options.events.credentialRefused("agent", address, refused);
  }

  /** A transport whose agent another gateway has authenticated. */
  adopt(transport: Transport, identity: AgentIdentity): Heard {
    return this.acceptor.accept(transport, identity);
  }

  /** Tells every gateway that agents should know of. */
  announceGateways(): void {
    const gateways = [...this.#options.gateways()];
    for (const one of this.acceptor.associations())
      one.send({ type: "gateways", payload: { gateways } });
  }

  /** Agents go elsewhere, and other gateways send nothing more here. What is open stays so. */
  drain(deadlineMs: number): void {
    this.acceptor.drain(deadlineMs);
    this.#isLeaving = true;
    for (const one of this.acceptor.associations()) this.#announce(one);
  }

  /** Resolves when other gateways can know that the tunnels are gone. */
  async close(why: WireError): Promise<void> {
    this.#stopHearing();
    for (const cancel of this.#expiries.values()) cancel();
    this.acceptor.close(why);
    await Promise.all(this.#farewells);
  }

  async #authenticate(
    bearer: string,
    address: string,
  ): Promise<((transport: Transport) => Heard) | WireError> {
    const { hosts, keys, registry } = this.#options;
    const claims = await verifyToken(bearer, keys, new Date());
    if (claims instanceof WireError) return claims;
    if (await registry.revocations.isRevoked(claims.jti)) return REVOKED;
    const names = await hosts.namesOf({ clusterUuid: claims.sub, cluster: claims.cluster });
    const identity = identityOf(claims, { address, since: Date.now(), names });
    return (transport) => this.acceptor.accept(transport, identity);
  }

  #up(one: Association<AgentIdentity>, resumed: boolean): void {
    const { events, links, registry } = this.#options;
    const { clusterUuid } = one.identity;
    if (resumed) {
      links.changed(clusterUuid);
    } else {
      links.add(one);
      this.#watchExpiry(one);
      this.#announce(one);
      void this.#checkRevoked(one);
    }
    this.#say(registry.setOnline(clusterUuid, true));
    events.tunnelUp(named(one), resumed, () => one.tunnel.stats());
    this.#countTunnels(clusterUuid);
  }

  #down(one: Association<AgentIdentity>, why: string): void {
    const { clusterUuid } = one.identity;
    this.#options.links.changed(clusterUuid);
    this.#options.events.tunnelDown(named(one), why);
    this.#countTunnels(clusterUuid);
  }

  #gone(one: Association<AgentIdentity>, error: WireError): void {
    const { events, links, registry } = this.#options;
    const { clusterUuid } = one.identity;
    this.#expiries.get(one)?.();
    this.#expiries.delete(one);
    this.#messages.forget(one);
    links.remove(one);
    this.#pools.close(clusterUuid);
    this.#say(registry.directory.withdrawTunnel(one.tunnelId));
    if (links.cluster(clusterUuid) === undefined) this.#say(registry.setOnline(clusterUuid, false));
    else this.#sayKind(clusterUuid);
    events.tunnelGone(named(one), error);
    this.#countTunnels(clusterUuid);
  }

  /** Tells other gateways of a tunnel; again when it turns out to be leaving. */
  #announce(one: Association<AgentIdentity>): void {
    const { config, registry } = this.#options;
    const { clusterUuid, rate, clientRate } = one.identity;
    const link = this.#linkOf(one);
    if (link === undefined) return;
    const leaving = this.#isLeaving || one.draining || one.retiring;
    const place = {
      tunnelId: one.tunnelId,
      clusterUuid,
      agentId: one.register.agent_id,
      gatewayId: config.id,
      peerUrl: config.peers?.advertise ?? "",
      rates: { cluster: rate, client: clientRate },
      weight: link.weight,
    };
    const unready = link.readyAt === Infinity;
    const said = { ...place, ...(leaving && { leaving }), ...(unready && { unready }) };
    this.#say(registry.directory.announceTunnel(said));
  }

  #linkOf(one: Association<AgentIdentity>): AgentLink | undefined {
    const agents = this.#options.links.cluster(one.identity.clusterUuid)?.agents;
    return agents?.find(({ association }) => association === one);
  }

  #ready(one: Association<AgentIdentity>, ready: boolean): void {
    const link = this.#linkOf(one);
    if (link === undefined || ready === link.readyAt < Infinity) return;
    link.readyAt = ready ? 0 : Infinity;
    this.#options.links.changed(one.identity.clusterUuid);
    this.#announce(one);
  }

  #say(word: Promise<void>): void {
    const said = word
      .catch((reason: unknown) => this.#options.events.broke("directory", reason))
      .finally(() => this.#farewells.delete(said));
    this.#farewells.add(said);
  }

  /** Of a cluster's agents one that knows it to be public is enough: the others may be starting. */
  #hearKind(one: Association<AgentIdentity>, isPrivate: boolean | undefined): void {
    if (isPrivate === undefined) return;
    this.#publics.set(one, !isPrivate);
    this.#sayKind(one.identity.clusterUuid);
  }

  #sayKind(clusterUuid: string): void {
    const { links, registry } = this.#options;
    const agents = links.cluster(clusterUuid)?.agents ?? [];
    const said = agents.map(({ association }) => this.#publics.get(association));
    if (said.every((isPublic) => isPublic === undefined)) return;
    this.#say(registry.setOnline(clusterUuid, true, said.includes(true)));
  }

  #leaving(one: Association<AgentIdentity>): void {
    this.#options.links.changed(one.identity.clusterUuid);
    this.#announce(one);
  }

  async #hasFellows({ identity, register }: Association<AgentIdentity>): Promise<boolean> {
    const { links, registry } = this.#options;
    const { clusterUuid } = identity;
    const isFellow = ({ agentId }: { agentId: string }) => agentId !== register.agent_id;
    const here = links.cluster(clusterUuid)?.agents ?? [];
    if (here.some((link) => stays(link) && isFellow(link))) return true;
    const places = await registry.directory.tunnelsOf(clusterUuid);
    return places.some((place) => place.leaving !== true && isFellow(place));
  }

  /** Its token may have been revoked between the handshake and the registration. */
  async #checkRevoked(one: Association<AgentIdentity>): Promise<void> {
    const { events, registry } = this.#options;
    try {
      if (await registry.revocations.isRevoked(one.identity.tokenId)) one.end(REVOKED);
    } catch (reason) {
      events.broke("revocations", reason);
    }
  }

  async #countRoutes(one: Association<AgentIdentity>): Promise<void> {
    const { clusterUuid } = one.identity;
    const published = await this.#options.registry.renew(clusterUuid);
    this.#options.events.routesPublished(clusterUuid, published);
  }

  #countTunnels(clusterUuid: string): void {
    const agents = this.#options.links.cluster(clusterUuid)?.agents ?? [];
    const connected = agents.filter(({ association }) => association.attached).length;
    this.#options.events.clusterConnected(clusterUuid, connected);
  }

  #revoked(tokenId: string): void {
    this.#options.events.tokenRevoked(tokenId);
    for (const one of this.acceptor.associations())
      if (one.identity.tokenId === tokenId) one.end(REVOKED);
  }

  /** An expiring token retires its tunnel: nothing new, and an end after a grace. */
  #watchExpiry(one: Association<AgentIdentity>): void {
    const { expiresAt } = one.identity;
    if (expiresAt === undefined) return;
    const { clock } = this.#options;
    const leftMs = expiresAt * 1_000 - Date.now();
    const step = (): void => this.#watchExpiry(one);
    if (leftMs > LONGEST_TIMER_MS) {
      this.#expiries.set(one, clock.after(LONGEST_TIMER_MS, step));
      return;
    }
    const retire = (): void => {
      one.retiring = true;
      this.#leaving(one);
      one.send({ type: "drain", payload: { deadline_ms: EXPIRY_GRACE_MS } });
      const end = (): void =>
        one.end(new WireError("token_expired", "the agent token has expired"));
      this.#expiries.set(one, clock.after(EXPIRY_GRACE_MS, end));
    };
    this.#expiries.set(one, clock.after(Math.max(0, leftMs), retire));
  }
}

/** Also one without a transport: it will be back, and serves on. */
function stays({ association }: AgentLink): boolean {
  return !association.draining && !association.retiring;
}

function named({ tunnelId, identity, register }: Association<AgentIdentity>): EventTunnel {
  const { clusterUuid, cluster } = identity;
  return { tunnelId, clusterUuid, cluster, agentId: register.agent_id };
}
