import fc from "fast-check";
import { expect, test } from "vitest";
import { GrowingBlocks } from "./growing-blocks.ts";
import { readBlocks } from "./read-blocks.ts";

const PIECES = [
  "# Title\n",
  "words of a paragraph\n",
  "- one\n  - two\n",
  "1. first\n\n   more\n",
  "| a | b |\n",
  "| - | - |\n",
  "| 1 | 2 |\n",
  "```ts\nconst a = 1;\n",
  "```\n",
  "~~~\n",
  "> said\n",
  "---\n",
  "\n",
  "\r\n",
  "\t1",
  "#",
  "**bold** `code`",
];

test("a text that grows is read as it would be at once, wherever it ends", () => {
  const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 });
  const cuts = fc.array(fc.nat(200), { maxLength: 12 });
  fc.assert(
    fc.property(pieces, cuts, (written, ends) => {
      const text = written.join("");
      const growing = new GrowingBlocks();
      for (const end of [...ends, text.length].toSorted((a, b) => a - b)) {
        const sofar = text.slice(0, end);
        expect(growing.read(sofar)).toEqual(readBlocks(sofar, true));
      }
    }),
    { numRuns: 500 },
  );
});

test("a text that is another one is read anew", () => {
  const growing = new GrowingBlocks();
  growing.read("one\n\ntwo\n\nthree\n\nfour");
  expect(growing.read("a\n\nb")).toEqual(readBlocks("a\n\nb", true));
});
