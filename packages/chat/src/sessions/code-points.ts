const SURROGATES = 0xd800;
const AFTER_SURROGATES = 0xe000;

/**
 * Below, above or equal to 0, by code points: the order of UTF-8 bytes, in which SQLite and MongoDB
 * sort. JavaScript's own comparison puts emoji before U+E000 to U+FFFF.
 */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= SURROGATES && unit < AFTER_SURROGATES ? unit + 0x10_000 : unit;
}
