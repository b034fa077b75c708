/**
 * The table of values in the chart's README, out of values.yaml: the comment of a value is its row.
 *
 *   node deployments/helm/values-table.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { isMap, isScalar, parseDocument, type Node, type Pair } from "yaml";

const at = (name: string) => new URL(`warren/${name}`, import.meta.url);
const BEGIN = "<!-- values: node deployments/helm/values-table.ts -->\n";
const END = "<!-- /values -->\n";

interface Row {
  readonly key: string;
  readonly value: string;
  readonly about: string;
}

/** A row for each value that has a comment above it, in the order of the file. */
export function valueRows(): Row[] {
  const { contents } = parseDocument(readFileSync(at("values.yaml"), "utf8"));
  return rowsOf(contents, "");
}

function rowsOf(node: unknown, prefix: string): Row[] {
  if (!isMap(node)) return [];
  return (node.items as Pair<Node, Node | null>[]).flatMap(({ key, value }, i) => {
    // A comment above the first key of a map is the map's.
    const comment = (i === 0 ? node.commentBefore : undefined) ?? key.commentBefore;
    const path = `${prefix}${String(key)}`;
    const inside = isMap(value) && isCommented(value) ? rowsOf(value, `${path}.`) : [];
    if (inside.length > 0) return inside;
    return [{ key: path, value: shown(value), about: (comment ?? "").split("\n").at(-1)!.trim() }];
  });
}

/** Where none of its keys is explained, a map is one value. */
function isCommented(node: Node): boolean {
  if (node.commentBefore) return true;
  if (!isMap(node)) return false;
  return (node.items as Pair<Node, Node | null>[]).some(
    ({ key, value }) => key.commentBefore || (value && isCommented(value)),
  );
}

function shown(value: Node | null): string {
  if (value === null) return "";
  return isScalar(value) ? JSON.stringify(value.value) : JSON.stringify(value);
}

/** The README with its table as values.yaml has it. */
export function readmeWithTable(): string {
  const text = readFileSync(at("README.md"), "utf8");
  const [before = "", rest = ""] = text.split(BEGIN);
  const [, after = ""] = rest.split(END);
  return `${before}${BEGIN}\n${table(valueRows())}\n${END}${after}`;
}

/** As oxfmt writes tables: padded to the widest cell. */
function table(rows: readonly Row[]): string {
  const cells = [
    ["value", "default", ""],
    ...rows.map(({ key, value, about }) => [`\`${key}\``, value && `\`${value}\``, about]),
  ].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = [0, 1, 2].map((i) => Math.max(...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |\n`;
  const [head, ...body] = cells;
  return [head!, widths.map((width) => "-".repeat(width)), ...body].map(line).join("");
}

if (import.meta.main) writeFileSync(at("README.md"), readmeWithTable());
