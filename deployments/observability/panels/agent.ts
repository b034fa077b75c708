import { course, extreme, rate, rateOf, sum, sumOf, times, type Dashboard } from "../grafana.ts";
import { processRow } from "./process.ts";

export const agent: Dashboard = {
  uid: "warren-agent",
  title: "Warren agent",
  description: "The private side: tunnels to gateways, streams, services.",
  variables: [{ name: "namespace", metric: "agent_routes" }],
  rows: [
    {
      title: "Tunnels",
      panels: [
        sum("Connected", "agent_tunnels_connected", ["instance"]),
        rate("Resumes", "agent_tunnel_resumes_total", ["instance"]),
        rate("Dials that failed", "agent_dial_failures_total", ["code"]),
        extreme("max", {
          title: "Round trip",
          metric: "agent_tunnel_rtt_seconds",
          unit: "s",
          by: ["gateway"],
        }),
        course("Queued and lent", "bytes", [
          {
            expr: "sum by (gateway) (agent_tunnel_queued_bytes{$scope})",
            legend: "queued {{gateway}}",
          },
          {
            expr: "sum by (gateway) (agent_tunnel_lent_bytes{$scope})",
            legend: "lent {{gateway}}",
          },
        ]),
        sumOf({
          title: "Kept for replay",
          metric: "agent_tunnel_replay_bytes",
          unit: "bytes",
          by: ["gateway"],
        }),
      ],
    },
    {
      title: "Routes and streams",
      panels: [
        extreme("max", { title: "Routes accepted", metric: "agent_routes", unit: "short", by: [] }),
        extreme("max", {
          title: "Routes refused now",
          metric: "agent_routes_refused",
          unit: "short",
          by: [],
        }),
        rate("Routes refused by a gateway", "agent_routes_rejected_total", ["code"]),
        sum("Streams open", "agent_streams", ["kind"]),
        rate("Streams opened", "agent_streams_total", ["kind"]),
        rate("Streams that failed", "agent_stream_failures_total", ["code"]),
        rateOf({ title: "Bytes", metric: "agent_bytes_total", unit: "Bps", by: ["direction"] }),
      ],
    },
    {
      title: "Services",
      panels: [
        sum("Connections", "agent_service_connections", ["state"]),
        rate("Connects", "agent_service_connects_total"),
        rate("Connects that failed", "agent_service_connect_failures_total", ["reason"]),
        rate("Sent again over a fresh connection", "agent_service_retries_total"),
      ],
    },
    {
      title: "Kubernetes",
      panels: [
        sum("Leader (1 in all, of each cluster)", "kube_leader", ["namespace", "instance"]),
        extreme("max", {
          title: "Cluster is private (1)",
          metric: "agent_cluster_private",
          unit: "short",
          by: ["namespace"],
        }),
        extreme("max", {
          title: "Ingresses, and those with a problem",
          metric: "agent_kube_ingresses",
          unit: "short",
          by: ["state"],
        }),
        course("Routes by what they are of", "short", [
          { expr: "max (agent_kube_ingress_routes{$scope})", legend: "Ingresses" },
          { expr: "max (agent_kube_ingress_shut_places{$scope})", legend: "Ingresses, shut" },
          { expr: "max (agent_kube_gateway_api_routes{$scope})", legend: "Gateway API" },
        ]),
        extreme("max", {
          title: "Gateway API objects",
          metric: "agent_kube_gateway_api_objects",
          unit: "short",
          by: ["kind"],
        }),
        course("What there was to say", "cps", [
          {
            expr: "sum by (reason) (rate(agent_kube_ingress_problems_total{$scope}[$__rate_interval]))",
            legend: "Ingress {{reason}}",
          },
          {
            expr: "sum by (reason) (rate(agent_kube_gateway_api_refused_total{$scope}[$__rate_interval]))",
            legend: "route {{reason}}",
          },
        ]),
        rate("Ingresses translated", "agent_kube_ingress_changes_total"),
        times("From a change to its publication", "agent_kube_ingress_lag_seconds"),
        extreme("max", {
          title: "First publication after a start",
          metric: "agent_kube_ingress_sync_seconds",
          unit: "s",
          by: ["instance"],
        }),
        course("Writes of status", "cps", [
          {
            expr: "sum by (outcome) (rate(agent_kube_ingress_status_writes_total{$scope}[$__rate_interval]))",
            legend: "Ingress {{outcome}}",
          },
          {
            expr: "sum by (outcome) (rate(agent_kube_gateway_api_status_writes_total{$scope}[$__rate_interval]))",
            legend: "Gateway API {{outcome}}",
          },
        ]),
        course("Tried again", "cps", [
          {
            expr: "sum (rate(agent_kube_ingress_failures_total{$scope}[$__rate_interval]))",
            legend: "translations",
          },
          {
            expr: "sum (rate(agent_kube_gateway_api_failures_total{$scope}[$__rate_interval]))",
            legend: "Gateway API translations",
          },
          {
            expr: "sum (rate(kube_work_failures_total{$scope}[$__rate_interval]))",
            legend: "work",
          },
          {
            expr: "sum by (reason) (rate(kube_events_unwritten_total{$scope}[$__rate_interval]))",
            legend: "Events not written {{reason}}",
          },
        ]),
        extreme("max", {
          title: "Events still to be written",
          metric: "kube_events_waiting",
          unit: "short",
          by: [],
        }),
        rate("Watches that ended badly", "kube_watch_failures_total", ["resource", "reason"]),
        extreme("max", {
          title: "Objects in the last whole list",
          metric: "kube_listed_objects",
          unit: "short",
          by: ["resource"],
        }),
        rate("Whole lists read", "kube_lists_total", ["resource"]),
      ],
    },
    processRow,
  ],
};
