/** Node's buffers have these; its types leave them out. They skip looking an encoding's name up. */
const { latin1Slice, latin1Write } = Buffer.prototype as unknown as {
  latin1Slice: (this: Uint8Array, from: number, to: number) => string;
  latin1Write: (this: Uint8Array, text: string, at: number, length: number) => number;
};

/** Latin-1 text as bytes. */
export function latin1(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length);
  latin1Write.call(bytes, text, 0, text.length);
  return bytes;
}

/** Bytes as latin-1 text, one char each. */
export function textOf(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return latin1Slice.call(bytes, from, to);
}

/** A copy that stays as it is when the buffer under `chunk` is read into again. */
export function copyOf(chunk: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafe(chunk.length);
  copy.set(chunk);
  return copy;
}
