import { listOwn } from "../service/summary.ts";
import { PAGES } from "../service/pages.ts";
import type { Service } from "../service/service.ts";

/** Opens a new conversation. A user is in one at a time: what they are in is ended first. */
export async function beginAnew(service: Service): Promise<void> {
  await endCurrent(service);
  location.href = PAGES.newChat;
}

/** Ends what the user is in, so that what they say next begins a conversation. */
export async function endCurrent(service: Service): Promise<void> {
  const query = { status: "active", sort_by: "last_activity", limit: 1 };
  const { sessions } = await listOwn(service, query, AbortSignal.timeout(10_000));
  for (const { session_id } of sessions) await endSession(service, session_id);
}

export function endSession(service: Service, sessionId: string): Promise<void> {
  return service.ask(`/sessions/${encodeURIComponent(sessionId)}/end`, { method: "POST" });
}
