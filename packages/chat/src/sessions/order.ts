import type { SessionRow } from "../log/session-row.ts";
import { byCodePoint } from "./code-points.ts";
import { figuresOf, type Figures } from "./figures.ts";
import type { SortBy } from "./ports.ts";

/** Where a session stands in a list: no two stand at the same place. */
export interface Place {
  /** Of what the list is sorted by; text for `user_id` alone. */
  readonly value: number | string;
  readonly sessionId: string;
}

/** End of sessions that go on: before all ends, as MongoDB sorts what is not there. */
export const NO_END = -1;

const VALUES: Record<Exclude<SortBy, "user_id">, (of: Figures, nowMs: number) => number> = {
  start_time: ({ startMs }) => startMs,
  end_time: ({ endMs }) => endMs ?? NO_END,
  message_count: ({ messageCount }) => messageCount,
  total_tokens: ({ totalTokens }) => totalTokens,
  duration: ({ startMs, endMs }, nowMs) => (endMs ?? nowMs) - startMs,
  last_activity: ({ lastActivityMs }) => lastActivityMs,
};

/** `nowMs`: when sessions that go on have their duration. */
export function placeOf(row: SessionRow, sortBy: SortBy, nowMs: number): Place {
  const { userId, sessionId } = row;
  const value = sortBy === "user_id" ? userId : VALUES[sortBy](figuresOf(row), nowMs);
  return { value, sessionId };
}

/** Ascending; descending is this backwards, session ids as well. Both places are of one list. */
export function byPlace(a: Place, b: Place): number {
  if (a.value === b.value) return byCodePoint(a.sessionId, b.sessionId);
  if (typeof a.value === "number" || typeof b.value === "number")
    return Number(a.value) - Number(b.value);
  return byCodePoint(a.value, b.value);
}
