import type { Block } from "./tree.ts";

/** A block, and how many lines it was read from. */
export interface Read {
  readonly block: Block;
  readonly count: number;
}

/** Where a reader of blocks is. */
export interface Place {
  readonly lines: readonly string[];
  readonly at: number;
  /** More is to come after the last line. */
  readonly isRunning: boolean;
  /** The blocks within another one. */
  readonly inner: (lines: readonly string[], isRunning: boolean) => readonly Block[];
}

export const FENCE = /^( {0,3})(`{3,}|~{3,})[ \t]*([^`]*)$/;
export const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+|$)/;
export const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
export const QUOTE = /^ {0,3}> ?/;
export const ITEM = /^( *)([-*+]|\d{1,9}[.)])(?: +|$)/;

/** True where a line ends the paragraph before it. */
export function startsBlock(line: string): boolean {
  return (
    FENCE.test(line) ||
    HEADING.test(line) ||
    RULE.test(line) ||
    QUOTE.test(line) ||
    startsListInText(line)
  );
}

/** After a line of text without a blank one only a list is meant that begins at one, and says something. */
function startsListInText(line: string): boolean {
  const [whole, indent = "", mark = ""] = ITEM.exec(line) ?? [];
  if (whole === undefined) return false;
  const isFirst = !/\d/.test(mark) || Number.parseInt(mark, 10) === 1;
  return indent.length < 4 && isFirst && line.length > whole.length;
}

/** True for what the text that is being written ends with. */
export function isLast({ lines, at, isRunning }: Place, count: number): boolean {
  return isRunning && at + count >= lines.length;
}

export function isBlank(line: string | undefined): boolean {
  return line === undefined || line.trim() === "";
}

export function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

export function unindented(line: string, most: number): string {
  return line.slice(Math.min(indentOf(line), most));
}
