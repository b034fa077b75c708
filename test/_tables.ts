import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./_rooms.ts";

/** The rows, cell by cell, of the first table below `## heading`; empty when there is none. */
export function tableUnder(file: string, heading: string): string[][] {
  const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
  const start = lines.findIndex((line) => line.replace(/^#+ /, "") === heading);
  if (start === -1) throw new Error(`${file} has no heading "${heading}"`);
  const below = lines.slice(start + 1);
  const end = below.findIndex((line) => line.startsWith("#"));
  const rows = below.slice(0, end === -1 ? undefined : end).filter((line) => line.startsWith("|"));
  // The first two are the titles and the rule below them.
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

export function code(text: string | undefined): string {
  return text ? `\`${text}\`` : "";
}
