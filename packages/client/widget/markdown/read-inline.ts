import { Emphasis } from "./emphasis.ts";
import { linkAt, linkUrlAt, matchingBrackets } from "./links.ts";
import type { Inline } from "./tree.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&nbsp;": "\u00a0",
};
/** Nothing begins at any other character. */
const SPECIAL = /[\\`*_~[\]!<&\n]|https?:\/\//gi;
const PUNCTUATION = /[!-/:-@[-`{-~]/;

/**
 * Reads emphasis, code, links and line breaks. With `isRunning` the text may end anywhere: what is open at its
 * end shows as what it will be. Takes time in proportion to the text, whatever is in it.
 */
export function readInline(text: string, isRunning: boolean): readonly Inline[] {
  return new Reader(text, isRunning).read();
}

class Reader {
  readonly #text: string;
  readonly #isRunning: boolean;
  readonly #brackets: ReadonlyMap<number, number>;
  readonly #emphasis: Emphasis;
  /** Lengths of runs of backticks that nothing closes from here on. */
  readonly #unclosed = new Set<number>();
  #at = 0;

  constructor(text: string, isRunning: boolean) {
    this.#text = text;
    this.#isRunning = isRunning;
    this.#brackets = matchingBrackets(text);
    this.#emphasis = new Emphasis(isRunning);
  }

  read(): readonly Inline[] {
    const { length } = this.#text;
    while (this.#at < length) {
      SPECIAL.lastIndex = this.#at;
      const next = SPECIAL.exec(this.#text)?.index ?? length;
      this.#say(this.#text.slice(this.#at, next));
      this.#at = next;
      if (next < length) this.#special(this.#text[next]!);
    }
    return this.#emphasis.end();
  }

  #special(char: string): void {
    switch (char) {
      case "\\":
        return this.#escape();
      case "\n":
        this.#at += 1;
        return this.#emphasis.add({ type: "break" });
      case "`":
        return this.#code();
      case "*":
      case "_":
      case "~":
        return this.#mark(char);
      case "&":
        return this.#entity();
      case "[":
      case "!":
        return this.#link(char);
      case "<":
      case "h":
      case "H":
        return this.#address();
      default:
        this.#literal(1);
    }
  }

  #say(text: string): void {
    if (text !== "") this.#emphasis.add({ type: "text", text });
  }

  #literal(count: number): void {
    this.#say(this.#text.slice(this.#at, this.#at + count));
    this.#at += count;
  }

  #escape(): void {
    const next = this.#text[this.#at + 1] ?? "";
    if (next === "\n") this.#at += 1;
    else if (PUNCTUATION.test(next)) {
      this.#say(next);
      this.#at += 2;
    } else this.#literal(1);
  }

  #code(): void {
    const run = this.#run("`");
    const from = this.#at + run;
    const to = this.#unclosed.has(run) ? -1 : closing(this.#text, run, from);
    if (to === -1 && !(this.#isRunning && run < 3)) {
      this.#unclosed.add(run);
      return this.#literal(run);
    }
    const text = this.#text.slice(from, to === -1 ? undefined : to).replaceAll("\n", " ");
    const bare = /^ .*[^ ].* $/.test(text) ? text.slice(1, -1) : text;
    const shown = to === -1 ? bare.replace(/`$/, "") : bare;
    if (shown !== "") this.#emphasis.add({ type: "code", text: shown });
    this.#at = to === -1 ? this.#text.length : to + run;
  }

  #mark(char: "*" | "_" | "~"): void {
    const run = this.#run(char);
    const before = this.#text[this.#at - 1] ?? " ";
    const after = this.#text[this.#at + run] ?? (this.#isRunning ? "a" : " ");
    this.#emphasis.mark({ char, run, before, after });
    this.#at += run;
  }

  #entity(): void {
    const [entity] = /^&[#a-z0-9]{2,5};/.exec(this.#text.slice(this.#at, this.#at + 7)) ?? [];
    const meant = entity === undefined ? undefined : ENTITIES[entity];
    if (entity === undefined || meant === undefined) return this.#literal(1);
    this.#say(meant);
    this.#at += entity.length;
  }

  /** A picture is a link to it. */
  #link(char: string): void {
    const open = this.#at + (char === "!" ? 1 : 0);
    if (this.#text[open] !== "[") return this.#literal(1);
    const close = this.#brackets.get(open);
    if (close === undefined) {
      if (this.#isRunning) this.#at = open + 1;
      else this.#literal(open + 1 - this.#at);
      return;
    }
    const link = linkAt(this.#text, close + 1, this.#isRunning);
    if (link === undefined) return this.#literal(open + 1 - this.#at);
    const children = readInline(this.#text.slice(open + 1, close), false);
    if (link.href === undefined) for (const child of children) this.#emphasis.add(child);
    else this.#emphasis.add({ type: "link", href: link.href, children });
    this.#at = link.end;
  }

  #address(): void {
    const link = linkUrlAt(this.#text, this.#at);
    if (link === undefined) return this.#literal(1);
    const { href, shown: text, end } = link;
    this.#emphasis.add({ type: "link", href, children: [{ type: "text", text }] });
    this.#at = end;
  }

  #run(char: string): number {
    let end = this.#at;
    while (this.#text[end] === char) end += 1;
    return end - this.#at;
  }
}

/** Where a run of exactly so many backticks begins; -1: nowhere. */
function closing(text: string, run: number, from: number): number {
  for (let at = text.indexOf("`", from); at !== -1; at = text.indexOf("`", at)) {
    const begin = at;
    while (text[at] === "`") at += 1;
    if (at - begin === run) return begin;
  }
  return -1;
}
