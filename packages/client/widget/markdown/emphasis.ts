import type { Inline } from "./tree.ts";

/** A run of marks, and what stands around it. */
export interface Mark {
  readonly char: "*" | "_" | "~";
  readonly run: number;
  readonly before: string;
  readonly after: string;
}

/** Something that was opened and is not closed yet. */
interface Open {
  readonly char: Mark["char"];
  count: number;
  children: Inline[];
}

/** What is opened deeper is text: it bounds what a mark that closes has to look through. */
const DEEPEST = 32;
const SPACE = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;

/**
 * Pairs the marks of emphasis, as CommonMark 0.31 §6.2 means it, but for its rule of three. What is opened is a
 * stack; what closes takes the topmost that fits, and what lies above it was no emphasis.
 */
export class Emphasis {
  readonly #isRunning: boolean;
  readonly #root: Inline[] = [];
  readonly #stack: Open[] = [];

  /** `isRunning`: what is open at the end will be closed. */
  constructor(isRunning: boolean) {
    this.#isRunning = isRunning;
  }

  add(inline: Inline): void {
    const { children } = this.#stack.at(-1) ?? { children: this.#root };
    const last = children.at(-1);
    if (inline.type !== "text" || last?.type !== "text") children.push(inline);
    else children[children.length - 1] = { type: "text", text: last.text + inline.text };
  }

  mark({ char, run, before, after }: Mark): void {
    const { canOpen, canClose } = flanks(char, before, after);
    const left = canClose ? this.#close(char, run) : run;
    const isMark = char !== "~" || left === 2;
    if (left === 0) return;
    if (canOpen && isMark && this.#stack.length < DEEPEST) {
      this.#stack.push({ char, count: left, children: [] });
    } else this.add({ type: "text", text: char.repeat(left) });
  }

  /** All of it. */
  end(): readonly Inline[] {
    while (this.#stack.length > 0) {
      const open = this.#stack.pop()!;
      const { char, count, children } = open;
      if (!this.#isRunning) this.#drop(open);
      else if (children.length > 0) this.#wrap(char, count, children);
    }
    return this.#root;
  }

  /** Returns how many marks close nothing. */
  #close(char: Mark["char"], run: number): number {
    let left = run;
    while (left > 0) {
      const at = this.#stack.findLastIndex((open) => open.char === char);
      const open = this.#stack[at];
      const used = Math.min(2, left, open?.count ?? 0);
      if (open === undefined || (char === "~" && used < 2)) return left;
      while (this.#stack.length > at + 1) this.#drop(this.#stack.pop()!);
      open.children = [wrapped(char, used, open.children)];
      open.count -= used;
      left -= used;
      if (open.count === 0) {
        this.#stack.pop();
        for (const child of open.children) this.add(child);
      }
    }
    return 0;
  }

  #wrap(char: Mark["char"], count: number, children: readonly Inline[]): void {
    const inner = count > 2 ? [wrapped(char, 1, children)] : children;
    this.add(wrapped(char, Math.min(count, 2), inner));
  }

  /** It was none: its marks are text. */
  #drop({ char, count, children }: Open): void {
    this.add({ type: "text", text: char.repeat(count) });
    for (const child of children) this.add(child);
  }
}

function wrapped(char: Mark["char"], count: number, children: readonly Inline[]): Inline {
  if (char === "~") return { type: "del", children };
  return { type: count === 2 ? "strong" : "em", children };
}

function flanks(char: Mark["char"], before: string, after: string) {
  const isLeft = isFlanking(before, after);
  const isRight = isFlanking(after, before);
  if (char !== "_") return { canOpen: isLeft, canClose: isRight };
  // Within a word it is a part of it: `snake_case`.
  return {
    canOpen: isLeft && (!isRight || PUNCTUATION.test(before)),
    canClose: isRight && (!isLeft || PUNCTUATION.test(after)),
  };
}

function isFlanking(outer: string, inner: string): boolean {
  if (SPACE.test(inner)) return false;
  return !PUNCTUATION.test(inner) || SPACE.test(outer) || PUNCTUATION.test(outer);
}
