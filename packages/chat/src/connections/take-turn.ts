import { ChatError } from "@warren/wire";
import type { Connection } from "./connection.ts";

/** Counts a frame against its user's limits. Rejects with how long to wait. */
export async function takeTurn(
  { identity, deps }: Pick<Connection, "identity" | "deps">,
  isMessage: boolean,
): Promise<void> {
  const waitMs = await deps.limits.take(isMessage ? "message" : "frame", identity.userId);
  if (waitMs === 0) return;
  throw new ChatError("TOO_MANY_REQUESTS", "too many messages: wait a moment", {
    retryAfterMs: waitMs,
  });
}
