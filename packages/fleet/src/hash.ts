/**
 * Stable hashes for spreading, not for secrets. 32-bit FNV-1a over UTF-16 code units (draft-eastlake-fnv)
 * with murmur3's finalizer, because FNV alone leaves the high bits of short, alike texts alike.
 */
export function hash32(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return mix32(hash);
}

/** Spreads a 32-bit number over all 32 bits (murmur3 fmix32). */
export function mix32(number: number): number {
  let hash = number;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** One hash of two, order counts. */
export function join32(a: number, b: number): number {
  return mix32((a ^ Math.imul(b, 0x9e3779b1)) | 0);
}

/** A 32-bit hash as a number in (0, 1). */
export function unit(hash: number): number {
  return (hash + 0.5) / 0x1_0000_0000;
}
