import { createCipheriv, createDecipheriv, randomFillSync, type KeyObject } from "node:crypto";

const CIPHER = "aes-256-gcm";
/** 96 bits, at random for every box (NIST SP 800-38D §8.2.2). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TAG = { authTagLength: TAG_BYTES };
/** The smallest box there is, of an empty text. */
export const BOX_BYTES = NONCE_BYTES + TAG_BYTES;

/** nonce‖ciphertext‖tag of AES-256-GCM. `bound` is authenticated with it and not contained. */
export function closeBox(key: KeyObject, plain: Uint8Array, bound: Uint8Array): Buffer {
  const box = Buffer.allocUnsafe(BOX_BYTES + plain.length);
  const nonce = randomFillSync(box, 0, NONCE_BYTES).subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, TAG);
  cipher.setAAD(bound);
  box.set(cipher.update(plain), NONCE_BYTES);
  cipher.final();
  box.set(cipher.getAuthTag(), NONCE_BYTES + plain.length);
  return box;
}

/** Undefined when key, box or `bound` is not what it was closed with; the cipher cannot tell which. */
export function openBox(key: KeyObject, box: Uint8Array, bound: Uint8Array): Buffer | undefined {
  if (box.length < BOX_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, box.subarray(0, NONCE_BYTES), TAG);
  decipher.setAAD(bound);
  decipher.setAuthTag(box.subarray(-TAG_BYTES));
  const plain = decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}
