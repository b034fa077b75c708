import { expect, test } from "vitest";
import { plainText } from "./plain-text.ts";

test.each([
  { name: "emphasis", said: "**bold**, *slanted* and ~~gone~~", want: "bold, slanted and gone" },
  { name: "code in a line", said: "run `npm test`", want: "run npm test" },
  { name: "a link", said: "[the docs](https://docs.test/a) say so", want: "the docs say so" },
  { name: "headings and paragraphs", said: "# One\n\ntwo\nthree", want: "One\ntwo three" },
  { name: "bullets", said: "- a\n- **b**\n  - c", want: "a\nb\nc" },
  { name: "numbers, which are words", said: "3. a\n4. b", want: "3. a\n4. b" },
  { name: "tasks", said: "- [x] a\n- [ ] b", want: "☑ a\n☐ b" },
  { name: "a quote", said: "> *said*", want: "said" },
  { name: "a table", said: "| a | b |\n| - | - |\n| **1** | 2 |", want: "a, b\n1, 2" },
  { name: "code, which keeps its marks", said: "```ts\na ** b;\n```", want: "a ** b;" },
  { name: "a rule", said: "a\n\n---\n\nb", want: "a\nb" },
  { name: "stars that are no marks", said: "2 * 3 * 4", want: "2 * 3 * 4" },
])("$name", ({ said, want }) => {
  expect(plainText(said)).toBe(want);
});
