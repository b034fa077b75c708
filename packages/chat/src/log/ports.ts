import type { Accepted } from "./accept.ts";
import type { Draft, Entry, Head, SessionKey } from "./entry.ts";
import type { Versions } from "./versions.ts";

/**
 * What was said, the truth of the service. Every method rejects with a `ChatError` DATABASE_ERROR while
 * the store is away; then nothing was stored, or, for `append`, it may have been: the same draft again
 * finds out.
 */
export interface MessageLog {
  /** Who numbers here: `CLUSTER:EPOCH`. */
  readonly origin: string;
  /**
   * Numbers, dedupes and stores in one atomic insert. Resolves once the entry is durable; drafts of
   * one session are numbered in the order of the calls.
   */
  append(draft: Draft): Promise<Accepted>;
  /**
   * At most `limit` entries that `versions` lack: of each origin the next ones without a hole, in the
   * session's order.
   */
  after(key: SessionKey, versions: Versions, limit: number): Promise<Entry[]>;
  /**
   * The newest entries in the session's order, at most `limit`, of those that `before` has; undefined:
   * of all. With more than one origin a page may begin with more of one than of another: the next one
   * is asked for with `older` of this one.
   */
  latest(key: SessionKey, before: Versions | undefined, limit: number): Promise<Page>;
  heads(key: SessionKey): Promise<Heads>;
  /**
   * What this store got since, of all sessions; undefined: from now on. An entry may come twice, and
   * be seen a little after a later one: cursors overlap.
   */
  tail(cursor: string | undefined, limit: number): Promise<Tail>;
}

export interface Page {
  readonly entries: readonly Entry[];
  /** What is left below them; empty when nothing is. */
  readonly older: Versions;
}

export interface Heads extends Head {
  readonly versions: Versions;
}

export interface Tail {
  readonly entries: readonly Entry[];
  readonly cursor: string;
}
