import { readBlocks } from "./read-blocks.ts";
import type { Block, Inline, ListItem } from "./tree.ts";

/** The words of markdown without its marks, for who hears it. Blocks are lines of their own. */
export function plainText(markdown: string): string {
  return lines(readBlocks(markdown, false).map(({ block }) => ofBlock(block)));
}

/** The words within a block. */
export function wordsOf(children: readonly Inline[]): string {
  return children.map(ofInline).join("");
}

function ofInline(one: Inline): string {
  switch (one.type) {
    case "break":
      return " ";
    case "link":
      return one.children.length === 0 ? one.href : wordsOf(one.children);
    case "text":
    case "code":
      return one.text;
    default:
      return wordsOf(one.children);
  }
}

function ofBlock(block: Block): string {
  switch (block.type) {
    case "paragraph":
    case "heading":
      return wordsOf(block.children);
    case "code":
      return block.text;
    case "quote":
      return lines(block.blocks.map(ofBlock));
    case "list":
      return lines(block.items.map((item, at) => ofItem(item, block.start, at)));
    case "table":
      return lines([block.header, ...block.rows].map((row) => row.map(wordsOf).join(", ")));
    case "rule":
      return "";
  }
}

function ofItem({ isDone, blocks }: ListItem, start: number | undefined, at: number): string {
  const number = start === undefined ? "" : `${start + at}. `;
  const mark = isDone === undefined ? "" : isDone ? "☑ " : "☐ ";
  return number + mark + lines(blocks.map(ofBlock));
}

function lines(all: readonly string[]): string {
  return all.filter((line) => line !== "").join("\n");
}
