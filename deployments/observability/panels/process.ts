import { extreme, rateOf, sumOf, type Row } from "../grafana.ts";

/** What prom-client tells of every process. */
export const processRow: Row = {
  title: "Processes",
  panels: [
    rateOf({ title: "CPU", metric: "process_cpu_seconds_total", unit: "short", by: ["instance"] }),
    sumOf({
      title: "Memory",
      metric: "process_resident_memory_bytes",
      unit: "bytes",
      by: ["instance"],
    }),
    extreme("max", {
      title: "Event loop lag, p99",
      metric: "nodejs_eventloop_lag_p99_seconds",
      unit: "s",
      by: ["instance"],
    }),
  ],
};
