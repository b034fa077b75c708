import { linesOf, readLines, type ReadBlock } from "./read-blocks.ts";

/**
 * Reads a text that grows, as `readBlocks` would. What is before its last two blocks is not read again: a line that
 * was not whole may have looked like the beginning of a block, and be one more of the block before it.
 */
export class GrowingBlocks {
  #text = "";
  #blocks: readonly ReadBlock[] = [];

  read(text: string): readonly ReadBlock[] {
    const kept = text.startsWith(this.#text) ? this.#blocks.slice(0, -2) : [];
    const from = kept.length === 0 ? 0 : this.#blocks.at(-2)!.at;
    const rest = readLines(linesOf(text).slice(from), true);
    this.#text = text;
    this.#blocks = [...kept, ...rest.map((one) => ({ ...one, at: one.at + from }))];
    return this.#blocks;
  }
}
