// What the dashboards show. `node deployments/observability/dashboards.ts` writes the JSON files beside it, which
// Grafana imports, and the chart's copies; a test holds them to this, and this to docs/operations.md: every metric has its place.
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dashboardJson, type Dashboard } from "./grafana.ts";
import { agent } from "./panels/agent.ts";
import { chat } from "./panels/chat.ts";
import { gateway } from "./panels/gateway.ts";
import { kube } from "./panels/kube.ts";

/** By the names of their files. */
export const dashboards = { gateway, agent, chat, kube };

/** In no panel, and why. */
export const leftOut: Readonly<Record<string, string>> = {
  websocket_connections_total:
    "the same as chatbox_websocket_connections_total, under its older name",
};

/** The text of a dashboard's file. */
export function fileOf(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboardJson(dashboard), undefined, 2)}\n`;
}

/** Here, and in the chart, which reads nothing outside itself. */
const FOLDERS = ["dashboards", "../helm/warren/files/dashboards"];

if (import.meta.main) {
  const here = import.meta.dirname;
  for (const folder of FOLDERS)
    for (const [name, dashboard] of Object.entries(dashboards))
      writeFileSync(join(here, folder, `${name}.json`), fileOf(dashboard));
  copyFileSync(join(here, "rules.yaml"), join(here, "../helm/warren/files/rules.yaml"));
}
