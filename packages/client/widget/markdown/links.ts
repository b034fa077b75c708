/** Longest address that is read as one. */
const LONGEST = 2_048;
const ANGLED = /<((?:https?:\/\/|mailto:)[^\s<>]{1,2048}|[\w.+-]{1,64}@[\w.-]{1,255})>/iy;
const BARE = /https?:\/\/[^\s<>]{1,2048}/iy;

export interface LinkUrl {
  readonly href: string;
  readonly shown: string;
  readonly end: number;
}

/** Where each bracket that opens is closed. One pass: brackets that are never closed cost nothing. */
export function matchingBrackets(text: string): ReadonlyMap<number, number> {
  const open: number[] = [];
  const matching = new Map<number, number>();
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at += 1;
    else if (char === "[") open.push(at);
    else if (char === "]") {
      const from = open.pop();
      if (from !== undefined) matching.set(from, at);
    }
  }
  return matching;
}

/**
 * What follows the brackets of a link: `(address "title")`. Undefined: they are no link. Of one that is still
 * being written `href` is undefined, and it reaches to the end.
 */
export function linkAt(
  text: string,
  from: number,
  isRunning: boolean,
): { href: string | undefined; end: number } | undefined {
  if (from === text.length && isRunning) return { href: undefined, end: from };
  if (text[from] !== "(") return undefined;
  let depth = 0;
  const most = Math.min(text.length, from + LONGEST);
  for (let at = from; at < most; at++) {
    const char = text[at];
    if (char === "\n") return undefined;
    if (char === "\\") at += 1;
    else if (char === "(") depth += 1;
    else if (char === ")" && (depth -= 1) === 0) {
      return { href: addressOf(text.slice(from + 1, at)), end: at + 1 };
    }
  }
  return isRunning && most === text.length ? { href: undefined, end: most } : undefined;
}

function addressOf(inside: string): string {
  const [address = ""] = inside.trim().split(/\s/, 1);
  return address.replace(/^<|>$/g, "").replaceAll(/\\([!-/:-@[-`{-~])/g, "$1");
}

/** An address that stands for itself, in angle brackets or bare. */
export function linkUrlAt(text: string, at: number): LinkUrl | undefined {
  ANGLED.lastIndex = at;
  const angled = ANGLED.exec(text);
  if (angled !== null) {
    const shown = angled[1]!;
    const href = shown.includes("://") || /^mailto:/i.test(shown) ? shown : `mailto:${shown}`;
    return { href, shown, end: ANGLED.lastIndex };
  }
  BARE.lastIndex = at;
  const [found] = (/\w/.test(text[at - 1] ?? "") ? null : BARE.exec(text)) ?? [];
  if (found === undefined) return undefined;
  const shown = bared(found);
  return { href: shown, shown, end: at + shown.length };
}

/** Without what belongs to the sentence around it. */
function bared(found: string): string {
  const ends = found.includes("(") ? /[.,;:!?'"*_~\]]/ : /[.,;:!?'"*_~\])]/;
  let end = found.length;
  while (end > 0 && ends.test(found[end - 1]!)) end -= 1;
  return found.slice(0, end);
}
