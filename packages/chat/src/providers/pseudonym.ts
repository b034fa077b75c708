import { createHmac } from "node:crypto";

/** Stands for a user at providers: the same each time, and nobody without `key` can tell whose it is. */
export function userPseudonym(key: string | Uint8Array, userId: string): string {
  return `user-${createHmac("sha256", key).update(userId).digest("hex").slice(0, 32)}`;
}
