/**
 * What is kept for as long as a peer likes: a copy, unless `chunk` is most of the buffer that it is a
 * view into. A few bytes would hold the whole buffer, and what they weigh is what is counted.
 */
export function unpinned(chunk: Uint8Array): Uint8Array {
  return chunk.length * 2 < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk;
}
