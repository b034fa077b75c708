import { readInline } from "./read-inline.ts";
import {
  FENCE,
  HEADING,
  isBlank,
  isLast,
  ITEM,
  QUOTE,
  RULE,
  startsBlock,
  unindented,
  type Place,
  type Read,
} from "./lines.ts";
import { readList } from "./read-list.ts";
import { readTable, startsTable } from "./read-table.ts";
import type { Block } from "./tree.ts";

/** What a line may be the beginning of, when nothing follows it yet. */
const BEGINNING = /^\s*(?:[-*+>|]|#{1,6}|\d{1,9}[.)]?|[`~]{1,2}|[-*_]{2})\s*$/;
/** What is nested deeper is text. */
const DEEPEST = 16;

/**
 * Reads what models write of CommonMark and GFM: headings, lists and tasks, quotes, fences, tables and rules. HTML is
 * text. With `isRunning` the text may end anywhere, and nothing that was shown turns into something else.
 */
export function readBlocks(text: string, isRunning: boolean): readonly ReadBlock[] {
  return readLines(linesOf(text), isRunning);
}

export interface ReadBlock {
  readonly block: Block;
  /** What it was read from. */
  readonly raw: string;
  /** Its first line. */
  readonly at: number;
}

export function linesOf(text: string): string[] {
  return text.replaceAll("\r\n", "\n").replaceAll("\t", "    ").split("\n");
}

export function readLines(lines: readonly string[], isRunning: boolean): readonly ReadBlock[] {
  return blocksOf(isRunning ? calmed(lines) : lines, isRunning, 0);
}

function blocksOf(lines: readonly string[], isRunning: boolean, depth: number): ReadBlock[] {
  const found: ReadBlock[] = [];
  const inner = (within: readonly string[], isRunning: boolean) =>
    blocksOf(within, isRunning, depth + 1).map(({ block }) => block);
  const read = depth < DEEPEST ? readBlock : readParagraph;
  let at = 0;
  while (at < lines.length) {
    if (isBlank(lines[at])) {
      at += 1;
      continue;
    }
    const { block, count } = read({ lines, at, isRunning, inner });
    found.push({ block, raw: lines.slice(at, at + count).join("\n"), at });
    at += count;
  }
  return found;
}

function readBlock(place: Place): Read {
  const line = place.lines[place.at]!;
  const fence = FENCE.exec(line);
  if (fence !== null) return readFence(place, fence);
  if (HEADING.test(line)) return readHeading(place);
  if (RULE.test(line)) return { block: { type: "rule" }, count: 1 };
  if (QUOTE.test(line)) return readQuote(place);
  if (ITEM.test(line)) return readList(place);
  return startsTable(place) ? readTable(place) : readParagraph(place);
}

function readFence({ lines, at, isRunning }: Place, fence: RegExpExecArray): Read {
  const [, indent = "", marks = "", info = ""] = fence;
  let end = at + 1;
  while (end < lines.length && !endsFence(lines[end]!, marks)) end += 1;
  const code = lines.slice(at + 1, end).map((line) => unindented(line, indent.length));
  // Half of the fence that closes it is none of its code.
  if (isRunning && end === lines.length && /^ *[`~]{1,2}$/.test(code.at(-1) ?? "")) code.pop();
  const language = /^[\w+#.-]{1,20}/.exec(info)?.[0] ?? "";
  return { block: { type: "code", language, text: code.join("\n") }, count: end + 1 - at };
}

function readHeading(place: Place): Read {
  const line = place.lines[place.at]!;
  const [before = "", marks = ""] = HEADING.exec(line) ?? [];
  const bare = line.slice(before.length).trimEnd();
  const end = bare.replace(/#+$/, "");
  const text = end === "" || end.endsWith(" ") ? end.trim() : bare;
  const children = readInline(text, isLast(place, 1));
  return { block: { type: "heading", depth: marks.length, children }, count: 1 };
}

function readQuote(place: Place): Read {
  const { lines, at } = place;
  let end = at;
  while (
    end < lines.length &&
    (QUOTE.test(lines[end]!) || (!isBlank(lines[end]) && !startsBlock(lines[end]!)))
  ) {
    end += 1;
  }
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  const blocks = place.inner(inner, isLast(place, end - at));
  return { block: { type: "quote", blocks }, count: end - at };
}

function readParagraph(place: Place): Read {
  const { lines, at } = place;
  let end = at + 1;
  while (end < lines.length && !isBlank(lines[end]) && !startsBlock(lines[end]!)) {
    if (startsTable({ ...place, at: end })) break;
    end += 1;
  }
  const text = lines.slice(at, end).map((line) => line.trim());
  const children = readInline(text.join("\n"), isLast(place, end - at));
  return { block: { type: "paragraph", children }, count: end - at };
}

/** Without a last line of which nobody can say yet what it will be; one in a fence is code. */
function calmed(lines: readonly string[]): readonly string[] {
  if (!BEGINNING.test(lines.at(-1)!)) return lines;
  const before = lines.slice(0, -1);
  let open: string | undefined;
  for (const line of before) {
    if (open === undefined) open = FENCE.exec(line)?.[2];
    else if (endsFence(line, open)) open = undefined;
  }
  return open === undefined ? before : lines;
}

function endsFence(line: string, marks: string): boolean {
  const bare = line.trim();
  return bare.length >= marks.length && bare === marks[0]!.repeat(bare.length);
}
