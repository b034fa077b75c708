/** Where what is read as an expression stops to be plain text; `.` is any character, and stays. */
const MARKS = /[*^$()[\]{}|\\?+]/;
/** What of a path may follow without making a difference. */
const ANYTHING = /^(\/\?)?(\.\*|\(\.\*\))$/;
const BELOW = /^\(\/\|\$\)(\.\*|\(\.\*\))?$/;
/** The element before it is whole. */
const WHOLE = /^(\(\/\|\$\)|\$)/;

/** A path as ingress-nginx reads it where it reads expressions, as far as that can be said without running it. */
export interface PathExpression {
  /** What every path that it matches begins with, in any case; a `.` stands for one character. */
  readonly front: string;
  /** What of the paths that begin so it matches: all, those where an element ends there, or nobody here can tell. */
  readonly rest: "all" | "elements" | "unknown";
}

export function readExpression(text: string): PathExpression {
  if (hasAlternatives(text)) return { front: "", rest: "unknown" };
  const at = text.search(MARKS);
  if (at === -1) return { front: text, rest: "all" };
  const tail = text.slice(at);
  if (BELOW.test(tail)) return { front: text.slice(0, at), rest: "elements" };
  // A quantifier is about what stands before it.
  const end = /^[*?+{]/.test(tail) ? at - 1 : at;
  const rest = ANYTHING.test(text.slice(end)) ? "all" : "unknown";
  return { front: text.slice(0, end), rest };
}

/** The prefix, by element, under which requests for an expression are looked for. */
export function prefixOfExpression(text: string): string {
  const at = text.search(MARKS);
  if (at === -1) return text;
  const { front } = readExpression(text);
  const isWhole = WHOLE.test(text.slice(at)) || text.startsWith("/?", at - 1);
  return (isWhole ? front : front.slice(0, front.lastIndexOf("/") + 1)) || "/";
}

/** `a|b` outside of brackets: only the first half begins where the path does. */
function hasAlternatives(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (char === "|" && depth <= 0) return true;
  }
  return false;
}
