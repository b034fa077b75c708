import { createCipheriv, createHash } from "node:crypto";

const BLOCK_BYTES = 65_536;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** `length` bytes that follow from `seed`, in blocks: the key stream of AES in counter mode. */
export function* pseudoRandom(seed: number, length: number): Generator<Buffer> {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed, 0);
  const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  for (let left = length; left > 0; left -= BLOCK_BYTES) {
    yield cipher.update(left < BLOCK_BYTES ? ZEROS.subarray(0, left) : ZEROS);
  }
}

/** SHA-256 of those bytes, in hex. */
export function pseudoRandomDigest(seed: number, length: number): string {
  const hash = createHash("sha256");
  for (const block of pseudoRandom(seed, length)) hash.update(block);
  return hash.digest("hex");
}
