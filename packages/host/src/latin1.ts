/** Node's buffers have these; its types leave them out. They skip looking an encoding's name up. */
const { latin1Slice, latin1Write } = Buffer.prototype as unknown as {
  latin1Slice: (this: Uint8Array, from: number, to: number) => string;
  latin1Write: (this: Uint8Array, text: string, at: number, length: number) => number;
};

/** Latin-1 text, one char per byte, as bytes. TextEncoder has no such encoding. */
export function latin1Bytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length);
  latin1Write.call(bytes, text, 0, text.length);
  return bytes;
}

/** Writes latin-1 text into `bytes`, which has room for it from `at` on. */
export function writeLatin1(bytes: Uint8Array, text: string, at: number): void {
  latin1Write.call(bytes, text, at, text.length);
}

/** Bytes as latin-1 text, one char each. TextDecoder's "latin1" is windows-1252. */
export function latin1Text(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return latin1Slice.call(bytes, from, to);
}

/** Bytes together with their text: what the http room's readers of heads look at and slice. */
export function latin1Source(
  bytes: Uint8Array,
  from = 0,
  to = bytes.length,
): { bytes: Uint8Array; from: number; text: string } {
  return { bytes, from, text: latin1Slice.call(bytes, from, to) };
}
