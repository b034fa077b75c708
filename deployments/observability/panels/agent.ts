import { course, extreme, rate, rateOf, sum, sumOf, type Dashboard } from "../grafana.ts";
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
    processRow,
  ],
};
