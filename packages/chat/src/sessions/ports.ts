import type { SessionKey } from "../log/entry.ts";
import type { SessionRow } from "../log/session-row.ts";
import type { Versions } from "../log/versions.ts";

/**
 * The rows of all sessions: a cache of the log that can be asked for lists and sums. Every method rejects
 * with a `ChatError` DATABASE_ERROR while the store is away.
 */
export interface Sessions {
  get(key: SessionKey): Promise<SessionRow | undefined>;
  /** Whose session it is. */
  find(sessionId: string): Promise<SessionKey | undefined>;
  /**
   * Replaces a row whose versions are still `was` (undefined: there is none yet), with the hourly sums
   * that it is part of. False if they are not: somebody else was faster, and what is there is read again.
   * Rejects with a `ChatError` CONFLICT where another user has a session of this id.
   */
  fold(row: SessionRow, was: Versions | undefined): Promise<boolean>;
  /**
   * In the order of `sortBy` and, of equal ones, of the session ids; descending is the same backwards.
   * User ids are in the order of their code points; in the order of ends, sessions that go on come
   * before all that ended. Rejects with a `ChatError` BAD_REQUEST where limit, offset or cursor are not
   * of this query.
   */
  list(query: SessionQuery): Promise<SessionPage>;
  /**
   * Sums over the sessions that began in `[fromMs, toMs]`, whole milliseconds. Rejects with a
   * `ChatError` BAD_REQUEST where that is nothing.
   */
  metrics(fromMs: number, toMs: number): Promise<SessionMetrics>;
  /** The session that a user writes to when none is named, if there is one that is not over. */
  active(userId: string): Promise<SessionKey | undefined>;
  /**
   * Makes `next` the user's active session, if that still is `was`. False if it is another by now:
   * of two first messages that come at once, one begins the session and the other joins it. Of an
   * active session that is over, both it and undefined are right.
   */
  activate(
    userId: string,
    was: SessionKey | undefined,
    next: SessionKey | undefined,
  ): Promise<boolean>;
  /** Forgets a row and takes it out of all sums, for erasure and retention. It is not active any more. */
  forget(key: SessionKey): Promise<void>;
}

export const SORTS = [
  "start_time",
  "end_time",
  "message_count",
  "total_tokens",
  "user_id",
  "duration",
  "last_activity",
] as const;
export type SortBy = (typeof SORTS)[number];

export interface SessionQuery {
  /** Filters; undefined: all. Times are of the start, epoch milliseconds, both inclusive. */
  readonly userId: string | undefined;
  readonly isActive: boolean | undefined;
  readonly adminAssisted: boolean | undefined;
  readonly helpOpen: boolean | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly sortBy: SortBy;
  readonly descending: boolean;
  /** At most 1,000. */
  readonly limit: number;
  /** Rows to leave out, at most 10,000, or where a page before ended. */
  readonly from: { readonly offset: number } | { readonly cursor: string };
  /** For the duration of sessions that go on, epoch milliseconds; after a cursor its first page's counts. */
  readonly nowMs: number;
}

export interface SessionPage {
  readonly rows: readonly SessionRow[];
  /** Exact up to 10,000; `isCapped`: there are more. */
  readonly total: number;
  readonly isCapped: boolean;
  /** Leads to the next page; undefined: this is the last. */
  readonly next: string | undefined;
}

export interface SessionMetrics {
  readonly totalSessions: number;
  readonly activeSessions: number;
  readonly totalTokens: number;
  readonly cost: number;
  /** The mean of the sessions' means, and the longest answer, of sessions that had one. */
  readonly avgResponseMs: number;
  readonly maxResponseMs: number;
  readonly adminAssisted: number;
  /** Sessions that went on at once: on average over the window, and over its fullest hour. */
  readonly avgConcurrent: number;
  readonly maxConcurrent: number;
}
