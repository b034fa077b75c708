import { createHash } from "node:crypto";

/** 16 hex characters of chance, and 16 that follow from them and the user. */
const HALF = 16;
const SHAPE = /^[0-9a-f]{32}$/;

/**
 * Ids of sessions say whose they are: half of each is a digest of the other half and the user. So nobody
 * can begin a session under an id that was given to another, and an id that a client made up leads every
 * instance to the same session. `half`: 16 hex characters, of chance for a fresh one.
 */
export function sessionIdOf(userId: string, half: string): string {
  return half + digest(["session", userId, half]).slice(0, HALF);
}

/** The session that a user means by an id: itself where it was given to them, else one made of it. */
export function sessionIdFor(userId: string, said: string): string {
  if (isSessionIdOf(userId, said)) return said;
  return sessionIdOf(userId, digest(["alias", userId, said]).slice(0, HALF));
}

export function isSessionIdOf(userId: string, id: string): boolean {
  return SHAPE.test(id) && sessionIdOf(userId, id.slice(0, HALF)) === id;
}

function digest(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
