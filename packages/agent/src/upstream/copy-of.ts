/** A copy that stays as it is when the buffer under `chunk` is read into again. */
export function copyOf(chunk: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafe(chunk.length);
  copy.set(chunk);
  return copy;
}
