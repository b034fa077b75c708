import { readFile } from "node:fs/promises";
import {
  nodeWorld,
  randomId,
  type Clock,
  type Listener,
  type Log,
  type Metrics,
} from "@warren/host";
import { Pool } from "@warren/tunnel";
import { backendsOf, LIMITS, Route, WireError, type RegisterSuccess } from "@warren/wire";
import * as v from "valibot";
import { startAgentAdmin } from "./admin.ts";
import type { AgentConfig, ConfiguredRoute } from "./config.ts";
import { ControlEvents } from "./control/control-events.ts";
import { GatewayDial } from "./control/dial-gateway.ts";
import type { GatewayTunnelDeps, RoutesAfter } from "./control/gateway-tunnel.ts";
import { Gateways } from "./control/gateways.ts";
import { AgentEvents } from "./events.ts";
import type { KubeSource } from "./kube-source.ts";
import { Published, type Publication } from "./published.ts";
import { AgentStreams, STREAMS_DEFAULTS, type Seen } from "./streams.ts";
import { createTarget, type TlsSettings } from "./target.ts";
import { clockVoice } from "./voice.ts";

export interface AgentDeps {
  log: Log;
  metrics: Metrics;
  clock: Clock;
  /** Version said to gateways. */
  version: string;
  /** Hears of each request that ended; undefined costs nothing. */
  onRequest: ((seen: Seen) => void) | undefined;
  /** A tcp route got its public port. */
  onPort: ((routeKey: string, port: number) => void) | undefined;
  /** A gateway has taken all routes that it will: so many. */
  onPublished: ((routes: number) => void) | undefined;
}

export interface RunningAgent extends AsyncDisposable {
  /** Resolves at the first registration with what the gateway said. */
  readonly registered: Promise<RegisterSuccess>;
  /** Rejects when another process takes this agent's id; never resolves otherwise. */
  readonly replaced: Promise<never>;
  /** True while a tunnel is connected. */
  readonly connected: boolean;
  /** Port of the agent's own listener, if it has one. */
  readonly adminPort: number | undefined;
  /** Publishes exactly these instead of what was configured. */
  publish(routes: readonly ConfiguredRoute[]): void;
  /**
   * Says farewell to the gateways, finishes what runs, cuts off what is left at the deadline.
   * `withdrawn` takes the routes back first, so that their hosts are unknown at once instead of
   * offline until the routes expire; a gateway keeps them while it
   * knows another agent of the cluster.
   */
  drain(routes: RoutesAfter): Promise<void>;
}

/** What all tunnels may lend together, in tunnels' worth. */
const MOST_TUNNELS = 4;

/**
 * Starts an agent. Resolves at once: tunnels are dialled in the background, and a first dial that
 * fails is retried like any other. Rejects when a file of the configuration cannot be read.
 */
export async function startAgent(
  config: AgentConfig,
  deps: AgentDeps,
  signal: AbortSignal,
): Promise<RunningAgent> {
  const tls = await tlsOf(config);
  const kube = await kubeOf(config, deps, tls);
  const published = new Published(kube?.voice ?? clockVoice(Date.now));
  const made = (route: ConfiguredRoute) => publicationOf(route, config, tls);
  const publish = (routes: readonly ConfiguredRoute[]): void =>
    void published.replace("config", routes.map(made));
  publish(config.publications);
  const streams = streamsOf(config, deps, published);
  const stop = new AbortController();
  const registered = Promise.withResolvers<RegisterSuccess>();
  const replaced = Promise.withResolvers<never>();
  replaced.promise.catch(() => {}); // it may happen with nobody waiting
  const dial = new GatewayDial(config, AbortSignal.any([signal, stop.signal]));
  const isPrivate = () => kube?.isPrivate ?? config.isPrivate;
  const isReady = () => kube?.waitsFor === undefined;
  const gateways = new Gateways({
    deps: tunnelDeps(config, deps, { dial, published, streams, isPrivate, isReady }),
    onFirstUp: registered.resolve,
    onUp: (info, url) => kube?.registered(info, url),
    onAddresses: (urls) => kube?.keep(urls),
    onConnected: (connected) => kube?.connected(connected),
    onReplaced: replaced.reject,
  });
  let draining = false;
  const admin = await adminOf(config, deps, () => {
    if (draining) return "shutting down";
    return gateways.connected ? kube?.waitsFor : "not connected";
  });
  watchTunnels(deps.metrics, gateways);
  watchRefusals(deps.metrics, published);
  gateways.start();
  kube?.onChange(() => gateways.beatNow());
  kube?.start(published);
  return {
    adminPort: admin?.port,
    registered: registered.promise,
    replaced: replaced.promise,
    get connected() {
      return gateways.connected;
    },
    publish,
    async drain(routes) {
      draining = true;
      // First the word, then the refusal: a stream that is under way is still taken. Routes are taken
      // back by who leads, so the lead is given up after that has been said, and does not wait for it.
      await Promise.all([gateways.sayFarewell(config.drain.deadlineMs, routes), kube?.resign()]);
      await streams.drain(config.drain.deadlineMs);
    },
    async [Symbol.asyncDispose]() {
      await kube?.[Symbol.asyncDispose]();
      gateways.close(new WireError("draining", "the agent stopped"));
      stop.abort();
      await streams.drain(0);
      await admin?.[Symbol.asyncDispose]();
    },
  };
}

function adminOf(
  { admin }: AgentConfig,
  { metrics }: AgentDeps,
  unready: () => string | undefined,
): Promise<Listener> | undefined {
  return admin && startAgentAdmin({ ...admin, metrics, unready });
}

/** Nothing of Kubernetes is loaded where there is none. */
async function kubeOf(
  { gateways, id, kube, upstream }: AgentConfig,
  { clock, log, metrics, version }: AgentDeps,
  tls: TlsSettings,
): Promise<KubeSource | undefined> {
  if (kube === undefined) return undefined;
  const { openKube } = await import("./kube/start-kube.ts");
  return openKube(kube, {
    agentId: id,
    version,
    log,
    metrics,
    clock,
    wallClock: Date.now,
    random: nodeWorld.random,
    tls,
    connectTimeoutMs: upstream.connectTimeoutMs,
    gateways,
  });
}

/** Gauges of the tunnels, read when somebody asks. */
function watchTunnels(metrics: Metrics, gateways: Gateways): void {
  const gauge = (name: string, help: string) => metrics.gauge({ name, help, labels: ["gateway"] });
  const rtt = gauge("agent_tunnel_rtt_seconds", "Smallest round trip seen lately.");
  const replay = gauge("agent_tunnel_replay_bytes", "Kept until the gateway acknowledges it.");
  const lent = gauge("agent_tunnel_lent_bytes", "Credit lent to streams above their floors.");
  const queued = gauge(
    "agent_tunnel_queued_bytes",
    "Bytes that services sent and no tunnel has taken yet.",
  );
  metrics.onCollect(() => {
    for (const { name, tunnel } of gateways.tunnels) {
      const stats = tunnel?.stats();
      if (stats === undefined) continue;
      rtt.with(name).set((stats.rttMs ?? 0) / 1_000);
      replay.with(name).set(stats.replayBytes);
      lent.with(name).set(stats.lentBytes);
      queued.with(name).set(stats.queuedBytes);
    }
  });
}

function watchRefusals(metrics: Metrics, { verdicts }: Published): void {
  const help = "Routes that a gateway refuses now; they are offered again.";
  const gauge = metrics.gauge({ name: "agent_routes_refused", help, labels: [] }).with();
  metrics.onCollect(() => gauge.set(verdicts.refused));
}

function streamsOf(config: AgentConfig, deps: AgentDeps, published: Published): AgentStreams {
  const events = new AgentEvents(deps.log, deps.metrics);
  const streams = new AgentStreams(
    { published, clock: deps.clock, events, watch: deps.onRequest },
    {
      ...STREAMS_DEFAULTS,
      maxStreams: config.tunnels.streams,
      unknown: config.kube === undefined ? "no_route" : "refused",
      maxIdle: config.upstream.maxIdle,
      idleMs: config.upstream.idleMs,
    },
  );
  events.observe(deps.metrics, () => streams.connections());
  return streams;
}

function tunnelDeps(
  config: AgentConfig,
  deps: AgentDeps,
  parts: Pick<GatewayTunnelDeps, "dial" | "published" | "streams" | "isPrivate" | "isReady">,
): GatewayTunnelDeps {
  const { poolBytes, streams } = config.tunnels;
  const total = new Pool(poolBytes * MOST_TUNNELS);
  const events = new ControlEvents(deps.log, deps.metrics, deps);
  return {
    ...parts,
    config,
    world: { ...nodeWorld, clock: deps.clock, broke: (reason) => events.broke(reason) },
    version: deps.version,
    instance: randomId(8, "hex"),
    limits: { ...LIMITS, streams: Math.min(LIMITS.streams, streams) },
    pool: () => new Pool(poolBytes, total),
    events,
  };
}

async function tlsOf({ upstream }: AgentConfig): Promise<TlsSettings> {
  const ca = upstream.caFile === undefined ? undefined : await readFile(upstream.caFile, "utf8");
  return { ca, serverName: undefined, insecure: upstream.insecureSkipVerify };
}

/** Throws when a route is malformed, or has another number of targets than backends. */
function publicationOf(
  { route: given, targets }: ConfiguredRoute,
  config: AgentConfig,
  tls: TlsSettings,
): Publication {
  const route = v.parse(Route, given);
  const raw = route.kind !== "http";
  if (targets.length !== backendsOf(route).length)
    throw new Error(`route ${route.host}${route.path}: as many targets as backends are needed`);
  return {
    route,
    targets: targets.map((address) =>
      createTarget({
        ...address,
        protocol: raw ? "tcp" : route.protocol,
        tls: address.tls ?? tls,
        connectTimeoutMs: route.policy.connect_timeout_ms ?? config.upstream.connectTimeoutMs,
        proxyProtocol: route.policy.proxy_protocol,
      }),
    ),
  };
}
