import { ChatError } from "@warren/wire";
import type { Identity } from "./identity.ts";

/** What someone is to a session: its owner, or an admin who may look in and take over. */
export type SessionPart = "owner" | "admin";

/**
 * Undefined for who has no part in it: asked for every frame and every request, of the session as it
 * is stored. Frames then say UNAUTHORIZED, HTTP NOT_FOUND as for one that does not exist.
 */
export function partIn(identity: Identity, ownerId: string): SessionPart | undefined {
  if (identity.userId === ownerId) return "owner";
  return identity.isAdmin ? "admin" : undefined;
}

/**
 * Who wrote an entry, as it is stored: `user:alice`, `admin:bob`. From the token and the session
 * alone, whatever the client says of its sender. An admin is a user in a session of their own.
 */
export function authorIn(identity: Identity, ownerId: string): string | undefined {
  const part = partIn(identity, ownerId);
  return part && `${part === "owner" ? "user" : "admin"}:${identity.userId}`;
}

/** Throws a ChatError (FORBIDDEN). */
export function requireAdmin(identity: Identity): void {
  if (!identity.isAdmin) throw new ChatError("FORBIDDEN", "this needs the role of an admin");
}
