import type { Counter, Family, Gauge, Metrics } from "@warren/host";
import type { TunnelStats } from "@warren/tunnel";

/** A tunnel that is metered. */
interface Metered {
  clusterUuid: string;
  stats: () => TunnelStats;
  /** What its counters said when they were last added. */
  seen: Pick<TunnelStats, "opened" | "bytesSent" | "bytesReceived" | "resumes" | "stalls">;
}

interface Counters {
  opened: Family<Counter>;
  bytes: Family<Counter>;
  resumes: Family<Counter>;
  stalls: Family<Counter>;
}
/** Sums over a cluster's tunnels, and the longest round trip among them. */
interface Now {
  tunnels: number;
  streams: number;
  inFlight: number;
  window: number;
  lent: number;
  queued: number;
  replay: number;
  rttSeconds: number;
}
type Gauges = Record<keyof Now, Family<Gauge>>;

/**
 * Counts of tunnels, per cluster: asked of the tunnels themselves at each exposition, so that a frame
 * costs nothing here. Totals never fall: what a tunnel counted is added before it is forgotten.
 */
export class TunnelMetrics {
  readonly #tunnels = new Map<string, Metered>();
  readonly #counters: Counters;
  readonly #gauges: Gauges;
  /** Clusters with gauges above nothing. */
  #shown = new Set<string>();

  readonly #label: (clusterUuid: string) => string;

  /** `label` keeps the number of series bounded. */
  constructor(metrics: Metrics, label: (clusterUuid: string) => string) {
    this.#label = label;
    this.#counters = declareCounters(metrics);
    this.#gauges = declareGauges(metrics);
    metrics.onCollect(() => this.#collect());
  }

  watch(tunnelId: string, clusterUuid: string, stats: () => TunnelStats): void {
    const seen = { opened: 0, bytesSent: 0, bytesReceived: 0, resumes: 0, stalls: 0 };
    this.#tunnels.set(tunnelId, { clusterUuid: this.#label(clusterUuid), stats, seen });
  }

  /** Call it while the tunnel can still be asked. */
  forget(tunnelId: string): void {
    const tunnel = this.#tunnels.get(tunnelId);
    if (tunnel === undefined) return;
    this.#count(tunnel, tunnel.stats());
    this.#tunnels.delete(tunnelId);
  }

  #collect(): void {
    const sums = new Map<string, Now>();
    for (const tunnel of this.#tunnels.values()) {
      const stats = tunnel.stats();
      this.#count(tunnel, stats);
      let now = sums.get(tunnel.clusterUuid);
      if (now === undefined) sums.set(tunnel.clusterUuid, (now = nothing()));
      add(now, stats);
    }
    for (const gone of this.#shown) if (!sums.has(gone)) sums.set(gone, nothing());
    for (const [clusterUuid, now] of sums) {
      for (const name of Object.keys(now) as (keyof Now)[])
        this.#gauges[name].with(clusterUuid).set(now[name]);
    }
    this.#shown = new Set(sums.keys());
  }

  #count(tunnel: Metered, stats: TunnelStats): void {
    const { clusterUuid, seen } = tunnel;
    const { opened, bytes, resumes, stalls } = this.#counters;
    const added = (name: keyof Metered["seen"]): number => stats[name] - seen[name];
    opened.with(clusterUuid).add(added("opened"));
    bytes.with(clusterUuid, "out").add(added("bytesSent"));
    bytes.with(clusterUuid, "in").add(added("bytesReceived"));
    resumes.with(clusterUuid).add(added("resumes"));
    stalls.with(clusterUuid).add(added("stalls"));
    tunnel.seen = stats;
  }
}

function nothing(): Now {
  return {
    tunnels: 0,
    streams: 0,
    inFlight: 0,
    window: 0,
    lent: 0,
    queued: 0,
    replay: 0,
    rttSeconds: 0,
  };
}

function add(now: Now, stats: TunnelStats): void {
  now.tunnels += 1;
  now.streams += stats.streams;
  now.inFlight += stats.inFlightBytes;
  now.window += stats.capBytes;
  now.lent += stats.lentBytes;
  now.queued += stats.queuedBytes;
  now.replay += stats.replayBytes;
  now.rttSeconds = Math.max(now.rttSeconds, (stats.rttMs ?? 0) / 1000);
}

function declareCounters(metrics: Metrics): Counters {
  const labels = ["cluster_uuid"];
  const counter = (name: string, help: string, more: string[] = []): Family<Counter> =>
    metrics.counter({ name: `gateway_tunnel_${name}`, help, labels: [...labels, ...more] });
  return {
    opened: counter("streams_opened_total", "Streams opened in tunnels."),
    bytes: counter("bytes_total", "Bytes over tunnels; out is towards the agent.", ["direction"]),
    resumes: counter("resumes_total", "Times a tunnel went on over a new transport."),
    stalls: counter("stalls_total", "Times a stream had to wait for its consumer."),
  };
}

function declareGauges(metrics: Metrics): Gauges {
  const gauge = (name: string, help: string): Family<Gauge> =>
    metrics.gauge({ name: `gateway_${name}`, help, labels: ["cluster_uuid"] });
  return {
    tunnels: gauge("tunnels", "Tunnels, also those that wait for their agent."),
    streams: gauge("tunnel_streams", "Streams open in tunnels."),
    inFlight: gauge("tunnel_in_flight_bytes", "Bytes sent to agents and not yet acknowledged."),
    window: gauge("tunnel_window_bytes", "Bytes that may be in flight to agents."),
    lent: gauge("tunnel_lent_bytes", "Credit above the floor lent to streams."),
    queued: gauge("tunnel_queued_bytes", "Bytes that clients sent and no tunnel has taken yet."),
    replay: gauge("tunnel_replay_bytes", "Bytes kept for replay after a cut."),
    rttSeconds: gauge(
      "tunnel_rtt_seconds",
      "Longest smoothed round trip among a cluster's tunnels.",
    ),
  };
}
