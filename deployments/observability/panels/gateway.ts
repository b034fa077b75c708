import {
  course,
  extreme,
  rate,
  rateOf,
  sum,
  sumOf,
  times,
  until,
  type Dashboard,
} from "../grafana.ts";
import { processRow } from "./process.ts";

export const gateway: Dashboard = {
  uid: "warren-gateway",
  title: "Warren gateway",
  description: "The public side: requests, tunnels, certificates, the fleet.",
  variables: [{ name: "namespace", metric: "gateway_fleet_size" }],
  rows: [
    {
      title: "Requests",
      panels: [
        rate("Requests by status", "gateway_requests_total", ["status_code"]),
        course("Share of answers 5xx by cluster", "percentunit", [
          {
            expr: 'sum by (cluster_uuid) (rate(gateway_requests_total{status_code=~"5..", $scope}[$__rate_interval])) / sum by (cluster_uuid) (rate(gateway_requests_total{$scope}[$__rate_interval]))',
            legend: "{{cluster_uuid}}",
          },
        ]),
        times("Time of requests", "gateway_request_duration_seconds"),
        rate("Answered by the gateway itself, by code", "gateway_requests_rejected_total", [
          "code",
        ]),
        rate("Over a limit (429) by cluster", "gateway_rate_limited_total", ["cluster_uuid"]),
        sum("Connections of clients", "gateway_connections", ["protocol"]),
      ],
    },
    {
      title: "Clusters and routes",
      panels: [
        extreme("max", {
          title: "Tunnel of a cluster (1: connected)",
          metric: "gateway_tunnel_health",
          unit: "short",
          by: ["cluster_uuid"],
        }),
        extreme("max", {
          title: "Routes",
          metric: "gateway_active_routes",
          unit: "short",
          by: ["cluster_uuid"],
        }),
        sum("Tunnels", "gateway_tunnels", ["cluster_uuid"]),
      ],
    },
    {
      title: "Tunnels",
      panels: [
        sum("Streams open", "gateway_tunnel_streams", ["cluster_uuid"]),
        rate("Streams opened", "gateway_tunnel_streams_opened_total", ["cluster_uuid"]),
        rateOf({
          title: "Bytes",
          metric: "gateway_tunnel_bytes_total",
          unit: "Bps",
          by: ["cluster_uuid", "direction"],
        }),
        extreme("max", {
          title: "Round trip",
          metric: "gateway_tunnel_rtt_seconds",
          unit: "s",
          by: ["cluster_uuid"],
        }),
        rate("Resumes", "gateway_tunnel_resumes_total", ["cluster_uuid"]),
        rate("Stalls: a consumer was slow", "gateway_tunnel_stalls_total", ["cluster_uuid"]),
        course("In flight and window", "bytes", [
          {
            expr: "sum by (cluster_uuid) (gateway_tunnel_in_flight_bytes{$scope})",
            legend: "in flight {{cluster_uuid}}",
          },
          {
            expr: "sum by (cluster_uuid) (gateway_tunnel_window_bytes{$scope})",
            legend: "window {{cluster_uuid}}",
          },
        ]),
        course("Queued and lent", "bytes", [
          {
            expr: "sum by (cluster_uuid) (gateway_tunnel_queued_bytes{$scope})",
            legend: "queued {{cluster_uuid}}",
          },
          {
            expr: "sum by (cluster_uuid) (gateway_tunnel_lent_bytes{$scope})",
            legend: "lent {{cluster_uuid}}",
          },
        ]),
        sumOf({
          title: "Kept for replay",
          metric: "gateway_tunnel_replay_bytes",
          unit: "bytes",
          by: ["cluster_uuid"],
        }),
      ],
    },
    {
      title: "TCP and TLS that passes through",
      panels: [
        sum("Connections open", "gateway_tcp_connections", ["cluster_uuid"]),
        rate("Connections taken", "gateway_tcp_connections_total", ["cluster_uuid"]),
        rateOf({
          title: "Bytes",
          metric: "gateway_tcp_bytes_total",
          unit: "Bps",
          by: ["direction"],
        }),
      ],
    },
    {
      title: "Access and the fleet",
      panels: [
        rate("Credentials refused", "gateway_auth_failures_total", ["kind"]),
        rate("Wrong passwords by cluster", "gateway_password_failures_total", ["cluster_uuid"]),
        until("Certificates expire in", "gateway_certificate_expires_timestamp_seconds", ["name"]),
        course("The first certificate of single hosts expires in", "s", [
          {
            expr: "min by (source) (gateway_host_certificates_expire_timestamp_seconds{$scope} > 0) - time()",
            legend: "{{source}}",
          },
        ]),
        extreme("max", {
          title: "Certificates of single hosts",
          metric: "gateway_host_certificates",
          unit: "short",
          by: ["source"],
        }),
        course("Orders at the CA", "cps", [
          {
            expr: "sum by (result) (rate(gateway_acme_orders_total{$scope}[$__rate_interval]))",
            legend: "{{result}}",
          },
          {
            expr: "sum (rate(gateway_acme_renewals_total{$scope}[$__rate_interval]))",
            legend: "renewals",
          },
        ]),
        rate("Troubles with clusters' own endpoints", "gateway_endpoint_failures_total", [
          "reason",
        ]),
        extreme("min", {
          title: "Gateways in the fleet, as each counts them",
          metric: "gateway_fleet_size",
          unit: "short",
          by: ["instance"],
        }),
        extreme("min", {
          title: "Registry (1: reached)",
          metric: "gateway_registry_up",
          unit: "short",
          by: ["instance"],
        }),
      ],
    },
    processRow,
  ],
};
