const CR = 0x0d;
const LF = 0x0a;

/**
 * Index just after the CR LF CR LF that ends a head, or -1 when it is not there yet. Resumable: look
 * again from 3 bytes before the end of what was already searched, but never before the head began.
 */
export function findHeadEnd(bytes: Uint8Array, from: number): number {
  // Boyer-Moore on a four-byte pattern: only about every fourth byte is looked at.
  let at = from + 3;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === LF) {
      if (bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
      at += 2;
    } else at += byte === CR ? 1 : 4;
  }
  return -1;
}

/**
 * Where a request begins: after one empty line, which old clients send behind a body and which RFC
 * 9112 §2.2 asks to ignore. -1 when a lone CR leaves it open.
 */
export function requestStart(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== CR) return from;
  if (from + 1 >= bytes.length) return -1;
  return bytes[from + 1] === LF ? from + 2 : from;
}
