import { isBlank, isLast, startsBlock, type Place, type Read } from "./lines.ts";
import { readInline } from "./read-inline.ts";
import type { Align, Inline } from "./tree.ts";

const DELIMITER = /^:?-+:?$/;

/** True for the head of a table: a line of cells, and one of dashes below it. */
export function startsTable({ lines, at, isRunning }: Place): boolean {
  const line = lines[at]!;
  if (!line.includes("|")) return false;
  const below = lines[at + 1];
  const isBegun = isRunning && /^ *\|/.test(line);
  // A head that is being written is one already; so is the line below it.
  if (below === undefined) return isBegun;
  if (isBegun && at + 2 === lines.length && /^[ |:-]*$/.test(below)) return true;
  const dashes = cellsOf(below);
  return (
    below.includes("-") &&
    dashes.length === cellsOf(line).length &&
    dashes.every((cell) => DELIMITER.test(cell))
  );
}

export function readTable(place: Place): Read {
  const { lines, at } = place;
  const header = cellsOf(lines[at]!);
  const align = cellsOf(lines[at + 1] ?? "").map(alignOf);
  let end = Math.min(at + 2, lines.length);
  while (end < lines.length && !isBlank(lines[end]) && !startsBlock(lines[end]!)) end += 1;
  const rows = lines.slice(at + 2, end).map((line, row) => {
    const cells = cellsOf(line);
    const isRunning = isLast(place, 3 + row);
    return header.map((_, column) => readCell(cells[column] ?? "", isRunning));
  });
  const isRunning = isLast(place, 1);
  return {
    block: {
      type: "table",
      align: header.map((_, column) => align[column]),
      header: header.map((cell) => readCell(cell, isRunning)),
      rows,
    },
    count: end - at,
  };
}

function readCell(text: string, isRunning: boolean): readonly Inline[] {
  return readInline(text, isRunning);
}

/** `\|` is a bar of a cell's own. */
function cellsOf(line: string): string[] {
  const bare = line.trim().replace(/^\|/, "");
  const cells = bare.split(/(?<!\\)\|/).map((cell) => cell.replaceAll("\\|", "|").trim());
  if (cells.length > 1 && cells.at(-1) === "") cells.pop();
  return cells;
}

function alignOf(dashes: string): Align {
  const isRight = dashes.endsWith(":");
  if (dashes.startsWith(":") && dashes.length > 1) return isRight ? "center" : "left";
  return isRight ? "right" : undefined;
}
