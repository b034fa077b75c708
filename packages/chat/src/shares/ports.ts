import type { SealedValue, SealedValues } from "../keys/ports.ts";
import type { SessionKey } from "../log/entry.ts";

/** The one link by which a session may be read without a token. Its own token is sealed in it. */
export interface ShareLink extends SessionKey, SealedValue {
  /** Epoch milliseconds. */
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * Where share links are kept: a collection of its own, for a link is found by the digest of its token and
 * not by its user. A session has one link at most. When the store is away everything rejects with a
 * ChatError (DATABASE_ERROR).
 */
export interface ShareLinks extends SealedValues {
  get(id: string): Promise<ShareLink | undefined>;
  /** The one that has any of these digests. */
  find(digests: readonly string[]): Promise<ShareLink | undefined>;
  /** Of at most 1,000 sessions, in no order. */
  ofSessions(sessionIds: readonly string[]): Promise<readonly ShareLink[]>;
  /** Newest first. */
  ofUser(userId: string): Promise<readonly ShareLink[]>;
  /** Keeps it unless its session has one. Answers with the one that is kept then: all who race get it. */
  putIfAbsent(link: ShareLink): Promise<ShareLink>;
  /** False: it is gone. */
  setEnd(id: string, expiresAtMs: number): Promise<boolean>;
  /** False: it was gone. */
  remove(id: string): Promise<boolean>;
  /** Removes links that expired before that time, at most `limit`; resolves with how many. */
  removeExpired(wallMs: number, limit: number): Promise<number>;
}
