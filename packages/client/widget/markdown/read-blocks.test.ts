import fc from "fast-check";
import { Lexer, type Token } from "marked";
import { describe, expect, test } from "vitest";
import { readBlocks } from "./read-blocks.ts";
import type { Block, Inline } from "./tree.ts";

/** As short HTML, so that a table of cases can be read. Nothing in the product makes HTML of it. */
function shown(text: string, isRunning = false): string {
  return readBlocks(text, isRunning)
    .map(({ block }) => html(block))
    .join("");
}

function html(block: Block): string {
  switch (block.type) {
    case "paragraph":
      return `<p>${words(block.children)}</p>`;
    case "heading":
      return `<h${block.depth}>${words(block.children)}</h${block.depth}>`;
    case "code":
      return `<pre ${block.language}>${block.text}</pre>`;
    case "quote":
      return `<quote>${block.blocks.map(html).join("")}</quote>`;
    case "rule":
      return "<hr>";
    case "list": {
      const items = block.items.map(({ isDone, blocks }) => {
        const task = isDone === undefined ? "" : isDone ? "[x]" : "[ ]";
        return `<li>${task}${blocks.map(html).join("")}</li>`;
      });
      const tag = block.start === undefined ? "ul" : `ol ${block.start}`;
      return `<${tag}>${items.join("")}</${tag.slice(0, 2)}>`;
    }
    case "table": {
      const rows = [block.header, ...block.rows].map((row) => row.map(words).join("|"));
      return `<table ${block.align.join()}>${rows.join("/")}</table>`;
    }
  }
}

function words(children: readonly Inline[]): string {
  return children
    .map((one) => {
      switch (one.type) {
        case "text":
          return one.text;
        case "break":
          return "<br>";
        case "code":
          return `<code>${one.text}</code>`;
        case "link":
          return `<a ${one.href}>${words(one.children)}</a>`;
        default:
          return `<${one.type}>${words(one.children)}</${one.type}>`;
      }
    })
    .join("");
}

describe("of what models write", () => {
  test.each([
    {
      name: "lines of a paragraph",
      text: "one\ntwo\n\nthree",
      want: "<p>one<br>two</p><p>three</p>",
    },
    { name: "headings", text: "# A\n### B ##", want: "<h1>A</h1><h3>B</h3>" },
    { name: "a hash that is none", text: "#1 is best", want: "<p>#1 is best</p>" },
    {
      name: "emphasis",
      text: "**bold** *it* ***both*** ~~gone~~ __b__ _i_",
      want: "<p><strong>bold</strong> <em>it</em> <em><strong>both</strong></em> <del>gone</del> <strong>b</strong> <em>i</em></p>",
    },
    {
      name: "marks within words",
      text: "snake_case_name 2*3*4",
      want: "<p>snake_case_name 2<em>3</em>4</p>",
    },
    { name: "marks that stand alone", text: "5 * 3 = 15, a ~ b", want: "<p>5 * 3 = 15, a ~ b</p>" },
    { name: "marks that nothing closes", text: "**open\n\nnext", want: "<p>**open</p><p>next</p>" },
    {
      name: "code",
      text: "`a` ``b`c`` ` d `",
      want: "<p><code>a</code> <code>b`c</code> <code>d</code></p>",
    },
    { name: "marks in code", text: "`**a**`", want: "<p><code>**a**</code></p>" },
    {
      name: "escapes and entities",
      text: "\\*a\\* &lt;b&gt; &amp; &co;",
      want: "<p>*a* <b> & &co;</p>",
    },
    {
      name: "HTML",
      text: "<b onclick=x>hi</b>\n<script>alert(1)</script>",
      want: "<p><b onclick=x>hi</b><br><script>alert(1)</script></p>",
    },
    {
      name: "links",
      text: "[a **b**](https://x.y/z_(1) 't')",
      want: "<p><a https://x.y/z_(1)>a <strong>b</strong></a></p>",
    },
    {
      name: "pictures, as links",
      text: "![cat](https://x.y/c.png)",
      want: "<p><a https://x.y/c.png>cat</a></p>",
    },
    {
      name: "addresses in text",
      text: "see https://x.y/a_b. (https://x.y/c)",
      want: "<p>see <a https://x.y/a_b>https://x.y/a_b</a>. (<a https://x.y/c>https://x.y/c</a>)</p>",
    },
    {
      name: "addresses in angle brackets",
      text: "<https://x.y> <me@x.y>",
      want: "<p><a https://x.y>https://x.y</a> <a mailto:me@x.y>me@x.y</a></p>",
    },
    { name: "brackets that are none", text: "a[0] = [1]", want: "<p>a[0] = [1]</p>" },
    {
      name: "a list, close after its words",
      text: "So:\n- a\n- b",
      want: "<p>So:</p><ul><li><p>a</p></li><li><p>b</p></li></ul>",
    },
    {
      name: "nested lists, by two, three or four",
      text: "- a\n  - b\n    - c\n1. d\n   - e\n2. f\n    - g",
      want: "<ul><li><p>a</p><ul><li><p>b</p><ul><li><p>c</p></li></ul></li></ul></li></ul><ol 1><li><p>d</p><ul><li><p>e</p></li></ul></li><li><p>f</p><ul><li><p>g</p></li></ul></li></ol>",
    },
    {
      name: "a list with blank lines and code in it",
      text: "1. a\n\n   ```sh\n   ls\n   ```\n\n2. b",
      want: "<ol 1><li><p>a</p><pre sh>ls</pre></li><li><p>b</p></li></ol>",
    },
    {
      name: "a list that goes on at another number",
      text: "3. c\n4. d",
      want: "<ol 3><li><p>c</p></li><li><p>d</p></li></ol>",
    },
    {
      name: "tasks",
      text: "- [x] a\n- [ ] b",
      want: "<ul><li>[x]<p>a</p></li><li>[ ]<p>b</p></li></ul>",
    },
    {
      name: "a year at the start of a line",
      text: "It was\n1984. Yes.",
      want: "<p>It was<br>1984. Yes.</p>",
    },
    {
      name: "code in a fence",
      text: "```ts title\nlet a = 1;\n\n  b\n```\nc",
      want: "<pre ts>let a = 1;\n\n  b</pre><p>c</p>",
    },
    {
      name: "a fence within a longer one",
      text: "````\n```\na\n```\n````",
      want: "<pre >```\na\n```</pre>",
    },
    { name: "a fence that nothing closes", text: "```\na", want: "<pre >a</pre>" },
    {
      name: "a table",
      text: "| a | b |\n|---|--:|\n| 1 | `x|y` \\| z |\n\nc",
      want: "<table ,right>a|b/1|`x</table><p>c</p>",
    },
    {
      name: "a quote",
      text: "> a\n> - b\n\nc",
      want: "<quote><p>a</p><ul><li><p>b</p></li></ul></quote><p>c</p>",
    },
    { name: "a rule", text: "a\n\n---\n\n* * *", want: "<p>a</p><hr><hr>" },
  ])("$name", ({ text, want }) => {
    expect(shown(text)).toBe(want);
  });
});

describe("an answer that is being written shows what it will show", () => {
  test.each([
    { name: "emphasis", text: "a **bo", want: "<p>a <strong>bo</strong></p>" },
    { name: "marks that just opened", text: "a **", want: "<p>a </p>" },
    { name: "code", text: "a `co", want: "<p>a <code>co</code></p>" },
    { name: "the words of a link", text: "a [wo", want: "<p>a wo</p>" },
    { name: "the address of a link", text: "a [word](https://x.", want: "<p>a word</p>" },
    { name: "a list that begins", text: "a\n-", want: "<p>a</p>" },
    { name: "a heading that begins", text: "a\n##", want: "<p>a</p>" },
    { name: "a fence that begins", text: "a\n``", want: "<p>a</p>" },
    { name: "a fence", text: "a\n```ts\nlet", want: "<p>a</p><pre ts>let</pre>" },
    { name: "a fence that ends", text: "```\na\n``", want: "<pre >a</pre>" },
    { name: "a head of a table", text: "| a | b", want: "<table ,>a|b</table>" },
    { name: "dashes of a table", text: "| a | b |\n|--", want: "<table ,>a|b</table>" },
    { name: "only at its end", text: "**a\n\nb", want: "<p>**a</p><p>b</p>" },
  ])("$name", ({ text, want }) => {
    expect(shown(text, true)).toBe(want);
  });
});

describe("hostile text", () => {
  const pieces = [
    "*",
    "_",
    "~~",
    "`",
    "[",
    "](",
    ")",
    "!",
    "\\",
    "|",
    "-",
    "\n",
    "> ",
    "  ",
    "1.",
    "#",
    "a",
    "<",
    "&",
    "```\n",
  ];
  test("is read whatever it is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { maxLength: 60 }),
        fc.boolean(),
        (some, isRunning) => {
          const text = some.join("");
          const read = readBlocks(text, isRunning);
          expect(read.every(({ raw }) => raw.length <= text.length)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
  test.each(
    [
      ...pieces,
      "*a ",
      "_a_",
      "[a](",
      "![a",
      "> > ",
      "- ",
      "1. a\n  ",
      "**a** ",
      "`a``",
      "| a ",
      "<a",
      "https://a ",
    ].map((piece) => ({ name: JSON.stringify(piece), piece })),
  )("of many $name takes no longer than its length", ({ piece }) => {
    const text = piece.repeat(Math.ceil(30_000 / piece.length));
    // What is quadratic takes minutes here: the suite's own limit is the measure.
    expect(readBlocks(text, true).length).toBeGreaterThanOrEqual(0);
    expect(readBlocks(text, false).length).toBeGreaterThanOrEqual(0);
  });
});

/** Kinds of blocks, in their order. */
const kinds = (text: string) => readBlocks(text, false).map(({ block }) => block.type);
const KINDS: Record<string, string> = { hr: "rule", blockquote: "quote" };
const theirs = (text: string) =>
  Lexer.lex(text, { gfm: true, breaks: true })
    .filter(({ type }: Token) => type !== "space")
    .map(({ type }: Token) => KINDS[type] ?? type);

describe("beside a whole reader of markdown", () => {
  const block = fc.constantFrom(
    "Some *words* here.",
    "## Title",
    "- a\n- b\n  - c",
    "1. a\n2. b",
    "```js\nlet a = 1;\n```",
    "> quoted\n> twice",
    "| a | b |\n| --- | :-: |\n| 1 | 2 |",
    "---",
    "Two\nlines, and a `code`.",
  );
  test("it finds the same blocks in what is well formed", () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 8 }), (blocks) => {
        // Two lists in a row are one to everybody.
        const text = blocks.join("\n\nBetween.\n\n");
        expect(kinds(text)).toEqual(theirs(text));
      }),
    );
  });
});
