import type { Counter, Family, Gauge, Histogram, Metrics } from "@warren/host";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Stands for clusters beyond the bound, so that series cannot grow without end. */
const OTHER = "other";

/** The children of one cluster, bound once: counting a request touches numbers alone. */
export interface ClusterChildren {
  readonly seconds: Histogram;
  readonly routes: Gauge;
  readonly health: Gauge;
  readonly limited: Counter;
  readonly passwords: Counter;
  readonly connections: Counter;
  readonly connectionsOpen: Gauge;
  readonly connectionBytesIn: Counter;
  readonly connectionBytesOut: Counter;
  /** The counter for a status. */
  answered(status: number): Counter;
}

/** What is counted per cluster. `""` is the cluster of requests that found none. */
export class ClusterMetrics {
  readonly #most: number;
  readonly #children = new Map<string, ClusterChildren>();
  readonly #open: (clusterUuid: string) => ClusterChildren;

  constructor(metrics: Metrics, mostClusters: number) {
    this.#most = mostClusters;
    this.#open = declare(metrics);
  }

  of(clusterUuid: string): ClusterChildren {
    return this.#children.get(clusterUuid) ?? this.#first(this.label(clusterUuid));
  }

  /** What stands for a cluster in metrics. */
  label(clusterUuid: string): string {
    const room = this.#children.size < this.#most || this.#children.has(clusterUuid);
    return room ? clusterUuid : OTHER;
  }

  #first(label: string): ClusterChildren {
    let children = this.#children.get(label);
    if (children === undefined) this.#children.set(label, (children = this.#open(label)));
    return children;
  }
}

function declare(metrics: Metrics): (clusterUuid: string) => ClusterChildren {
  const labels = ["cluster_uuid"];
  const counter = (name: string, help: string): Family<Counter> =>
    metrics.counter({ name, help, labels });
  const gauge = (name: string, help: string): Family<Gauge> =>
    metrics.gauge({ name, help, labels });
  const requests = metrics.counter({
    name: "gateway_requests_total",
    help: "Requests answered, by the cluster that they were for and the status of the answer.",
    labels: ["cluster_uuid", "status_code"],
  });
  const seconds = metrics.histogram({
    name: "gateway_request_duration_seconds",
    help: "From the request's head to the end of the answer.",
    labels,
    buckets: SECONDS,
  });
  const routes = gauge(
    "gateway_active_routes",
    "Routes that a cluster has published, with its shut places.",
  );
  const health = gauge(
    "gateway_tunnel_health",
    "1 while a tunnel of the cluster is connected here, else 0.",
  );
  const limited = counter("gateway_rate_limited_total", "Requests answered 429.");
  const passwords = counter(
    "gateway_password_failures_total",
    "Requests without the right user name and password.",
  );
  const tcp = counter(
    "gateway_tcp_connections_total",
    "TCP and TLS passthrough connections taken.",
  );
  const tcpOpen = gauge("gateway_tcp_connections", "TCP and TLS passthrough connections open now.");
  const tcpBytes = metrics.counter({
    name: "gateway_tcp_bytes_total",
    help: "Bytes of TCP and TLS passthrough connections that have ended; in is from the client.",
    labels: ["cluster_uuid", "direction"],
  });
  return (clusterUuid) => ({
    seconds: seconds.with(clusterUuid),
    routes: routes.with(clusterUuid),
    health: health.with(clusterUuid),
    limited: limited.with(clusterUuid),
    passwords: passwords.with(clusterUuid),
    connections: tcp.with(clusterUuid),
    connectionsOpen: tcpOpen.with(clusterUuid),
    connectionBytesIn: tcpBytes.with(clusterUuid, "in"),
    connectionBytesOut: tcpBytes.with(clusterUuid, "out"),
    answered: byStatus(requests, clusterUuid),
  });
}

function byStatus(requests: Family<Counter>, clusterUuid: string): (status: number) => Counter {
  const counters: Counter[] = [];
  return (status) => {
    const at = status >= 100 && status <= 599 ? status : 0;
    return (counters[at] ??= requests.with(clusterUuid, String(at)));
  };
}
