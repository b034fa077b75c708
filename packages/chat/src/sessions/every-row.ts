import type { SessionRow } from "../log/session-row.ts";
import type { SessionPage, SessionQuery } from "./ports.ts";

export type ListSessions = (query: SessionQuery) => Promise<SessionPage>;

/** What is asked for, but for where it begins. */
export type Selection = Omit<SessionQuery, "from" | "limit" | "descending">;

const PAGE = 1_000;

/** The rows of a list, the last of its order first, page by page, at most `most`. */
export async function* everyRow(
  list: ListSessions,
  selection: Selection,
  most: number,
): AsyncGenerator<SessionRow> {
  let from: SessionQuery["from"] = { offset: 0 };
  for (let left = most; left > 0;) {
    const limit = Math.min(left, PAGE);
    const { rows, next } = await list({ ...selection, descending: true, limit, from });
    yield* rows;
    if (next === undefined) return;
    left -= rows.length;
    from = { cursor: next };
  }
}

/** Every session; to be narrowed. */
export const EVERY: Omit<Selection, "nowMs"> = {
  userId: undefined,
  isActive: undefined,
  adminAssisted: undefined,
  helpOpen: undefined,
  fromMs: undefined,
  toMs: undefined,
  sortBy: "last_activity",
};
