/** The metrics that there are. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../_rooms.ts";
import { tableUnder } from "../../_tables.ts";

const OPERATIONS = "docs/operations.md";

/** Names of every metric, with its labels; undefined where only the code knows them. */
export function knownMetrics(): Map<string, readonly string[] | undefined> {
  const text = readFileSync(join(ROOT, OPERATIONS), "utf8");
  const headings = [...text.matchAll(/^## (Metrics of .*)$/gm)].map(([, heading]) => heading!);
  const listed = headings
    .flatMap((heading) => tableUnder(OPERATIONS, heading))
    .map(
      ([name = "", labels = ""]) =>
        [bare(name), labels.split(",").map(bare).filter(Boolean)] as const,
    );
  return new Map([...inACluster().map((name) => [name, undefined] as const), ...listed]);
}

/** Those that an agent declares only in a cluster, by its sources: the tables are made of one that is in none. */
function inACluster(): string[] {
  const files = globSync("packages/{agent,host}/src/**/*.ts", { cwd: ROOT });
  const sources = files
    .filter((file) => !file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(ROOT, file), "utf8"));
  const names = sources.flatMap((source) => [
    ...source.matchAll(/(?:name: |counter\(\s*)"((?:agent|kube)_[a-z_]+)"/g),
  ]);
  return names.map(([, name]) => name!);
}

function bare(cell: string): string {
  return cell.trim().replaceAll("`", "");
}
