import { randomBytes } from "node:crypto";
import { listen, type Clock, type Log, type Metrics } from "@warren/host";
import { LIMITS, WireError } from "@warren/wire";
import { startAdmin, type Admin } from "./admin/start-admin.ts";
import type { GatewayConfig } from "./config.ts";
import { openCore, type Core } from "./core.ts";
import { frontDeps, frontSettings, listenersOf } from "./front-wiring.ts";
import { startFront } from "./front/front.ts";
import type { OpenUpstreams } from "./direct/upstreams.ts";
import { GatewayProcess, type RunningGateway } from "./gateway-process.ts";
import { PeerListener } from "./peers/peer-listener.ts";
import { rolledOut } from "./rollout/rollout.ts";
import { rolloutView } from "./rollout/rollout-view.ts";
import { openAgentListener } from "./tunnels/agent-listener.ts";
import { HANDSHAKE_MS } from "./tunnels/handshake.ts";
import { summaries } from "./tunnels/summaries.ts";
import { whyDomain } from "./names/why-domain.ts";
import { why } from "./why.ts";

export interface GatewayDeps {
  log: Log;
  metrics: Metrics;
  /** What everything but the hop between gateways goes by. */
  clock: Clock;
  /** What speaks to clusters' endpoints; without it none is dialled. */
  upstreams?: OpenUpstreams | undefined;
  /** Listening sockets handed over by whoever started this process: `http`, `tls`, `admin`. */
  sockets: ReadonlyMap<string, number>;
}

/** Opens in order, closes in reverse, also when a start fails halfway. */
export async function startGateway(
  config: GatewayConfig,
  deps: GatewayDeps,
  signal: AbortSignal,
): Promise<RunningGateway> {
  await using opened = new AsyncDisposableStack();
  const core = await openCore(config, deps, signal, opened);
  const front = opened.use(
    await startFront(
      listenersOf(config, deps.sockets),
      frontDeps(config, core),
      frontSettings(config),
    ),
  );
  const peers = await openPeerListener(config, core, deps.log, opened);
  const agents = await openAgentListener(config.agents, core.agents, opened);
  await core.fleet.start();
  opened.defer(() => core.fleet.withdraw());
  const admin = opened.use(await openAdmin(config, deps, core, signal));
  signal.throwIfAborted();
  const ports = {
    http: front.ports.http,
    tls: front.ports.tls,
    admin: admin.port,
    agents,
    peers: peers?.port,
  };
  const parts = { front, admin, peers: peers?.listener, ports };
  return new GatewayProcess(config, core, parts, opened.move());
}

async function openPeerListener(
  config: GatewayConfig,
  { agents, events, links }: Core,
  log: Log,
  opened: AsyncDisposableStack,
): Promise<{ listener: PeerListener; port: number } | undefined> {
  if (config.peers === undefined) return undefined;
  const listener = await PeerListener.create({
    handshakeMs: HANDSHAKE_MS,
    config: config.peers,
    gatewayId: config.id,
    tunnels: config.tunnels,
    limits: { ...LIMITS, streams: config.tunnels.streams },
    newTunnelId: () => randomBytes(16).toString("hex"),
    agents,
    links,
    events,
    log,
  });
  const said = { host: "--peer-listen", port: "--peer-port" };
  const { host, port } = config.peers;
  const bound = opened.use(await listen(listener.server, { host, port, fd: undefined, said }));
  opened.defer(() => listener.close(new WireError("draining", "the gateway stopped")));
  return { listener, port: bound.port };
}

function openAdmin(
  config: GatewayConfig,
  { metrics }: GatewayDeps,
  core: Core,
  signal: AbortSignal,
): Promise<Admin> {
  const { agents, direct, dispatcher, events, hosts, links, readiness, registry, rollout } = core;
  const lookups = rolledOut(
    {
      lookup: (question) => registry.lookup(question),
      lookupServerName: (host) => registry.lookupServerName(host),
      lookupPort: (port) => registry.lookupPort(port),
    },
    rollout,
  );
  const { host, port } = config.admin;
  return startAdmin(
    { host, port, tokenFile: `${config.dataFolder}/admin.token` },
    {
      registry,
      tunnels: () => summaries(agents),
      why: async (url, method) => {
        const host = url.hostname.toLowerCase().replace(/\.$/, "");
        const deps = { gatewayId: config.id, registry, lookups, dispatcher, direct, links };
        const domain = whyDomain({ registry, hosts }, host);
        return { ...(await why(deps, url, method)), domain: await domain };
      },
      rollout: () => rolloutView(registry, rollout, config.rollout),
      ready: () => readiness.ready,
      drain: () => readiness.asked.resolve(),
      metrics,
      events,
    },
    signal,
  );
}
