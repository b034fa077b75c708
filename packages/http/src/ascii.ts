/**
 * Character classes of RFC 9110 §5.6 as tables over char codes 0-255. Text is latin-1, one char per
 * byte; a char code above 255 reads as `undefined`, which no class contains.
 */
function table(chars: string, ...ranges: readonly (readonly [number, number])[]): Uint8Array {
  const made = new Uint8Array(256);
  for (const char of chars) made[char.charCodeAt(0)] = 1;
  for (const [first, last] of ranges) made.fill(1, first, last + 1);
  return made;
}
const DIGITS = [0x30, 0x39] as const;
const UPPER = [0x41, 0x5a] as const;
const LOWER = [0x61, 0x7a] as const;

/** tchar: what names, methods and list elements are made of. */
export const TOKEN = table("!#$%&'*+-.^_`|~", DIGITS, UPPER, LOWER);
/** field-vchar, space and tab: what a field value may hold (no CR, LF, NUL or other control). */
export const FIELD_VALUE = table("\t ", [0x21, 0x7e], [0x80, 0xff]);
/** What a request target may hold: visible ASCII, but no fragment. */
export const TARGET = table("", [0x21, 0x22], [0x24, 0x7e]);
/** What we take in a host name; narrower than RFC 3986's reg-name on purpose. */
export const HOST_NAME = table("-._", DIGITS, UPPER, LOWER);

/** True when `text[from, to)` is not empty and all in `chars`. */
export function isAll(chars: Uint8Array, text: string, from = 0, to = text.length): boolean {
  for (let at = from; at < to; at++) if (chars[text.charCodeAt(at)] !== 1) return false;
  return to > from;
}

/** True when `text[from, to)` equals `lower` but for the case of ASCII letters. */
export function sameWord(text: string, lower: string, from = 0, to = text.length): boolean {
  if (to - from !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const want = lower.charCodeAt(i);
    const got = text.charCodeAt(from + i);
    if (got === want) continue;
    if (want < 0x61 || want > 0x7a || got !== want - 0x20) return false;
  }
  return true;
}

/** Reads decimal digits of `text[from, to)`; -1 when there is anything else or too much to count. */
export function readDecimal(text: string, from = 0, to = text.length): number {
  // 15 digits stay below 2^53: every accepted length is exact.
  if (to === from || to - from > 15) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Walks a comma-separated list of tokens (RFC 9110 §5.6.1, empty elements skipped). `visit` gets each
 * token's bounds. Returns false when something between the commas is not a token.
 */
export function eachToken(list: string, visit: (from: number, to: number) => void): boolean {
  let at = 0;
  while (at <= list.length) {
    const comma = list.indexOf(",", at);
    let to = comma === -1 ? list.length : comma;
    const next = to + 1;
    while (at < to && isBlank(list.charCodeAt(at))) at++;
    while (to > at && isBlank(list.charCodeAt(to - 1))) to--;
    if (to > at) {
      if (!isAll(TOKEN, list, at, to)) return false;
      visit(at, to);
    }
    at = next;
  }
  return true;
}

/** Space or tab. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
