import { EVERY } from "./every-row.ts";
import type { SessionQuery } from "./ports.ts";

type Chosen = Pick<SessionQuery, "limit" | "nowMs"> & Partial<SessionQuery>;

/** A query of all sessions, the oldest first, but for what is said otherwise. */
export function queryAll(chosen: Chosen): SessionQuery {
  const oldest = { sortBy: "start_time", descending: false, from: { offset: 0 } } as const;
  return { ...EVERY, ...oldest, ...chosen };
}
