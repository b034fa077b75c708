import { createHash } from "node:crypto";

const TIME_DIGITS = 12;

/**
 * 32 hex digits: milliseconds (48 bits), then 80 random bits, as UUIDv7 has them (RFC 9562 §5.7). Sorted
 * by id, files are sorted by age, so that retention reads what is old and nothing else.
 */
export function newFileId(wallMs: number, randomHex: (bytes: number) => string): string {
  return Math.trunc(wallMs).toString(16).padStart(TIME_DIGITS, "0") + randomHex(10);
}

/** Anything else never gets near a path or a key. */
export function isFileId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

/** When the file was stored, epoch milliseconds. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, TIME_DIGITS), 16);
}

/** Who holds a file, of whom nothing can be told by it. */
export function holderOf({ userId, sessionId }: { userId: string; sessionId: string }): string {
  return createHash("sha256")
    .update(JSON.stringify([userId, sessionId]))
    .digest("hex");
}

/** An owner as a name of a folder or a key: owners may hold anything, and be personal. */
export function ownerKey(owner: string): string {
  return createHash("sha256").update(owner).digest("hex").slice(0, 32);
}
