/** Bytes of UTF-8, as the service takes at most. */
const MOST_TEXT_BYTES = 10_000;

/** How many characters of a text are more than the service takes. */
export function excess(text: string): number {
  let bytes = 0;
  let over = 0;
  for (const character of text) {
    bytes += bytesOf(character.codePointAt(0)!);
    if (bytes > MOST_TEXT_BYTES) over += 1;
  }
  return over;
}

/** RFC 3629, section 3. */
function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
