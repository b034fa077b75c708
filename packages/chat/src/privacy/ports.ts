import type { SessionKey } from "../log/entry.ts";
import type { Versions } from "../log/versions.ts";

/** Takes entries out of the log, for erasure and retention alone. */
export interface LogErasure {
  /**
   * Removes the session's entries up to these numbers of each origin; resolves with how many there were.
   * What is left keeps its numbers; where nothing is, the log is as if it had never been. What the store
   * has of the session besides, such as what it was brought over from, goes with any call.
   */
  erase(key: SessionKey, upTo: Versions): Promise<number>;
}

/** Who is to leave, and who of the other instances are told: those that follow the session. */
export interface Leaving {
  readonly userId: string;
  readonly sessionId: string | undefined;
  /** When it was asked for: it is done once. Epoch milliseconds. */
  readonly sinceMs: number;
}

/** Something that is to be erased, and is not done before nothing of it can come back. */
export interface Erasure {
  readonly userId: string;
  /** Undefined: all that the user had when it was asked for. */
  readonly sessionId: string | undefined;
  /** When it was asked for, epoch milliseconds. */
  readonly sinceMs: number;
}

/**
 * What is being erased: kept until it is done, so that a crash in its midst is not its end. When the store
 * is away everything rejects with a ChatError (DATABASE_ERROR).
 */
export interface Erasures {
  /** Keeps it, or moves the time at which it is to be looked at if it is kept. */
  put(erasure: Erasure, dueMs: number): Promise<void>;
  /** Those that are due by then, the longest due first. */
  due(wallMs: number, limit: number): Promise<readonly Erasure[]>;
  /** Users all of whose data was asked to be erased since that time, the latest first. */
  usersSince(wallMs: number, limit: number): Promise<readonly Erasure[]>;
  remove(erasure: Erasure): Promise<void>;
}
