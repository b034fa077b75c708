import type { Counter, Family, Gauge, Metrics } from "@warren/host";

/** What every source of publications counts; declared once for all of them. */
export interface KubeMetrics {
  /** By kind: objects that are read. */
  readonly objects: Family<Gauge>;
  /** By source: routes that it publishes. */
  readonly published: Family<Gauge>;
  /** By reason: what was not published, each time that it came to be so. */
  readonly refused: Family<Counter>;
}

export function kubeMetrics(metrics: Metrics): KubeMetrics {
  return {
    objects: metrics.gauge({
      name: "agent_kube_objects",
      help: "Objects of the cluster that the agent reads.",
      labels: ["kind"],
    }),
    published: metrics.gauge({
      name: "agent_kube_published",
      help: "Routes that a source of the cluster publishes.",
      labels: ["source"],
    }),
    refused: metrics.counter({
      name: "agent_kube_refused_total",
      help: "What objects of the cluster asked for and did not get.",
      labels: ["reason"],
    }),
  };
}
