/**
 * Bytes for a list of texts that no other list has: each goes after its length in bytes. Its first
 * text says what the list is for, so that what is bound for one use fits no other.
 */
export function boundBytes(...texts: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(
    texts.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 0),
  );
  let at = 0;
  for (const text of texts) {
    const length = bytes.write(text, at + 4);
    bytes.writeUInt32BE(length, at);
    at += 4 + length;
  }
  return bytes;
}
