/**
 * The chart's copies of alerts and dashboards: a chart reads nothing outside itself.
 *
 *   node deployments/helm/observability.ts
 */
import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

for (const name of ["rules.yaml", "dashboards"]) {
  rmSync(at(`warren/files/${name}`), { recursive: true, force: true });
  cpSync(at(`../observability/${name}`), at(`warren/files/${name}`), { recursive: true });
}
