import { createHmac, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  certificateFolder,
  Certificates,
  isReadableFolder,
  type Clock,
  type Log,
  type Metrics,
} from "@warren/host";
import { AgentBalancer } from "@warren/fleet";
import { LIMITS, WireError } from "@warren/wire";
import type { GatewayConfig } from "./config.ts";
import type { Direct } from "./direct/direct.ts";
import { openDirect } from "./direct/open-direct.ts";
import type { OpenUpstreams } from "./direct/upstreams.ts";
import { Events } from "./events.ts";
import { AcmeEvents } from "./acme/acme-events.ts";
import { expectedFolders } from "./expected-folders.ts";
import { FleetWatch } from "./fleet-watch.ts";
import { HostCare } from "./host-care.ts";
import { TokenBuckets } from "./limits/token-buckets.ts";
import { openRegistry } from "./open-registry.ts";
import { PatientLookup, ROUTES_APPLIED } from "./patient-lookup.ts";
import { PeerDial } from "./peers/peer-dial.ts";
import { PeerTunnels } from "./peers/peer-tunnels.ts";
import { Splicer } from "./peers/splice.ts";
import type { Registry } from "./ports.ts";
import { Rollout } from "./rollout/rollout.ts";
import { TokenKeys } from "./tokens/token-keys.ts";
import { Agents } from "./tunnels/agents.ts";
import { Dispatcher } from "./tunnels/dispatcher.ts";
import { Links } from "./tunnels/links.ts";
import { OpeningCache } from "./tunnels/opening-cache.ts";
import { WaitingRoom } from "./tunnels/waiting-room.ts";

/** Clusters with metric series of their own. */
const MOST_CLUSTERS = 1_000;
/** Addresses whose agent is remembered, for 3 hours (the seed's ClientIP affinity). */
const REMEMBERED_CLIENTS = 100_000;
const AFFINITY_MS = 10_800_000;
const LOOK_AT_CERTIFICATES_MS = 60_000;
/** What does not listen: registry, agents, dispatch. */
export interface Core {
  clock: Clock;
  events: Events;
  registry: Registry;
  links: Links;
  agents: Agents;
  dispatcher: Dispatcher;
  direct: Direct | undefined;
  rollout: Rollout | undefined;
  limits: TokenBuckets;
  fleet: FleetWatch;
  hosts: HostCare;
  lookup: PatientLookup;
  readiness: Readiness;
}

/** Truthful: ready until a drain begins. */
export class Readiness {
  ready = true;
  readonly asked = Promise.withResolvers<void>();
}

export interface CoreDeps {
  clock: Clock;
  log: Log;
  metrics: Metrics;
  upstreams?: OpenUpstreams | undefined;
}

export async function openCore(
  config: GatewayConfig,
  { clock, log, metrics, upstreams }: CoreDeps,
  signal: AbortSignal,
  opened: AsyncDisposableStack,
): Promise<Core> {
  const { requestLog } = config;
  const events = new Events({ log, metrics, requestLog, mostClusters: MOST_CLUSTERS });
  const readiness = new Readiness();
  const keeps = (): boolean => readiness.ready;
  if (config.acceptProxyProtocol && config.agents === undefined) events.agentsNeedProxyHeader();
  for (const folder of expectedFolders(config))
    if (!(await isReadableFolder(folder))) events.folderMissing(folder);
  const registry = await openRegistry(config, events, { owned: opened, keeps, clock, signal });
  const links = new Links();
  const room = new WaitingRoom(clock, config.waiting);
  opened.defer(links.onChange((clusterUuid) => room.wake(clusterUuid)));
  const limits = new TokenBuckets({
    now: () => clock.now(),
    gateways: 1,
    buckets: REMEMBERED_CLIENTS,
  });
  const direct = await openDirect(config, { clock, events }, upstreams);
  opened.defer(() => direct?.close());
  const rollout = Rollout.of(config.rollout, (uuid) => registry.presence(uuid));
  const folder = await openCertificates({ clock, config, events }, opened);
  const hosts = await HostCare.open(
    {
      config,
      registry,
      folder,
      rollout,
      clock,
      random: Math.random,
      events: new AcmeEvents(log, metrics),
      failed: (cause) => events.registryAway(cause),
      answered: () => {},
    },
    opened,
  );
  const ground = { clock, config, log, events, registry, links, room, limits, direct, hosts };
  const tunnels = openTunnels(ground, signal, opened);
  const balancer = await openBalancer(config);
  return {
    ...ground,
    ...tunnels,
    dispatcher: dispatcherOf(ground, tunnels.peers, balancer),
    lookup: await PatientLookup.open({
      registry,
      clock,
      room,
      flapMs: config.timeouts.flapMs,
      warmUpMs: config.tunnels.resumeMs,
    }),
    rollout,
    readiness,
  };
}

/** What everything else stands on. */
interface Ground {
  clock: Clock;
  config: GatewayConfig;
  log: Log;
  events: Events;
  registry: Registry;
  links: Links;
  room: WaitingRoom;
  limits: TokenBuckets;
  direct: Direct | undefined;
  hosts: HostCare;
}

/** Agents, other gateways, and the watch over which of those there are. */
function openTunnels(ground: Ground, signal: AbortSignal, opened: AsyncDisposableStack) {
  const { clock, config, events, hosts, limits, links, log, registry, room } = ground;
  const stopped = new WireError("draining", "the gateway stopped");
  const streams = { ...LIMITS, streams: config.tunnels.streams };
  const dial =
    config.peers === undefined ? undefined : new PeerDial(config.id, config.peers.auth, signal);
  const splicer = dial && new Splicer(config.id, registry.directory, dial);
  const agents: Agents = new Agents({
    config,
    limits: streams,
    clock,
    keys: keysOf(ground),
    registry,
    endpoints: ground.direct,
    links,
    gateways: () => fleet.addresses,
    newTunnelId: () => randomBytes(16).toString("hex"),
    events,
    hosts,
    onRoutes: () => room.wake(ROUTES_APPLIED),
    elsewhere: async (...asked) => splicer?.splice(...asked),
  });
  opened.defer(() => agents.close(stopped));
  const { poolBytes, detectMs } = config.tunnels;
  const shared = { gatewayId: config.id, limits: streams, poolBytes, detectMs, log };
  const broke = (reason: unknown): void => events.broke("stream to another gateway", reason);
  const peers = dial && new PeerTunnels({ ...shared, dial, gatewayPool: agents.pool, broke });
  opened.defer(() => peers?.close(stopped));
  const fleet = new FleetWatch({
    self: {
      gatewayId: config.id,
      agentUrl: config.advertise,
      peerUrl: config.peers?.advertise ?? "",
    },
    directory: registry.directory,
    clock,
    onChange: (gateways) => {
      limits.setGateways(gateways.length);
      events.fleetChanged(gateways.length);
      peers?.keep(gateways);
      agents.announceGateways();
    },
    onFailure: (error) => log.debug("which gateways there are is not known", { error }),
  });
  return { agents, peers, fleet };
}

function keysOf({ clock, config, events }: Ground): TokenKeys {
  return new TokenKeys({
    folder: config.keysFolder,
    clock,
    onProblem: (file, problem) => events.keyProblem(file, problem),
  });
}

function dispatcherOf(
  { clock, config, direct, links, registry, room }: Ground,
  peers: PeerTunnels | undefined,
  balancer: AgentBalancer,
): Dispatcher {
  return new Dispatcher({
    gatewayId: config.id,
    clock,
    random: Math.random,
    links,
    registry,
    balancer,
    openings: new OpeningCache(Math.random),
    room,
    peers,
    direct,
    flapMs: config.timeouts.flapMs,
  });
}

/** Cookies are understood by every gateway that shares the key between gateways. */
async function openBalancer({ peers }: GatewayConfig): Promise<AgentBalancer> {
  const secret =
    peers === undefined
      ? randomBytes(32)
      : await readFile(peers.auth.kind === "key" ? peers.auth.keyFile : peers.auth.caFile);
  const tag = (text: string): string =>
    createHmac("sha256", secret).update(`sticky ${text}`).digest("base64url").slice(0, 16);
  return new AgentBalancer({ affinityMs: AFFINITY_MS, remembered: REMEMBERED_CLIENTS, tag });
}

async function openCertificates(
  { clock, config: { tls }, events }: Pick<Ground, "clock" | "config" | "events">,
  opened: AsyncDisposableStack,
): Promise<Certificates | undefined> {
  if (tls === undefined) return undefined;
  return opened.use(
    await Certificates.open({
      source: certificateFolder(tls.certificatesFolder),
      needsHosts: true,
      clock,
      lookMs: LOOK_AT_CERTIFICATES_MS,
      onLoaded: (certificate) => events.certificateLoaded(certificate),
      onProblem: (name, problem) => events.certificateProblem(name, problem),
      onRemoved: (name) => events.certificateRemoved(name),
    }),
  );
}
