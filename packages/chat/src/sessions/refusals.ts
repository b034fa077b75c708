import { ChatError } from "@warren/wire";

/** A session id names one session of one user; it will not be told whose. */
export function sessionIsTaken(): ChatError {
  return new ChatError("CONFLICT", "this session id is in use: begin the session with another");
}

/** Session ids are 32 hex characters; stores compare them as numbers. */
export function checkSessionId(sessionId: string): void {
  if (/^[0-9a-f]{32}$/.test(sessionId)) return;
  throw new ChatError("BAD_REQUEST", "a session id has 32 characters of 0-9 and a-f");
}

export function checkWindow(fromMs: number, toMs: number): void {
  if (Number.isSafeInteger(fromMs) && Number.isSafeInteger(toMs) && fromMs <= toMs) return;
  throw new ChatError("BAD_REQUEST", "the end of the time range is before its start");
}
