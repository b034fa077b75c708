import { ChatError } from "@warren/wire";
import type { SessionKey } from "../log/entry.ts";

/** Who does something, as the token says. */
export interface Viewer {
  readonly userId: string;
  /** As others see it; the user id where the token has none. */
  readonly name: string;
  readonly isAdmin: boolean;
}

/** In whose name a viewer writes: as its owner, or as an admin in somebody's session. */
export function authorOf(viewer: Viewer, owner: string): string {
  return viewer.userId === owner ? `user:${viewer.userId}` : `admin:${viewer.userId}`;
}

/** Somebody's session, for its owner and for admins; rejected for everybody else. */
export function allowed(viewer: Viewer, key: SessionKey): SessionKey {
  if (viewer.isAdmin || viewer.userId === key.userId) return key;
  throw new ChatError("UNAUTHORIZED", "this session is another user's");
}
