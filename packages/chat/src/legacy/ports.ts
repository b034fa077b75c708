import type { MessageLog } from "../log/ports.ts";

/** A session as the service before this one kept it (`reference/chatbox.md`, D-2). */
export interface LegacySession {
  /** As the client or that service named it. */
  readonly id: string;
  readonly userId: string;
  /** In clear. */
  readonly name: string | undefined;
  readonly modelId: string | undefined;
  readonly adminId: string | undefined;
  /** Epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number | undefined;
  /** Whoever has it may read the session. */
  readonly shareToken: string | undefined;
  readonly messages: readonly LegacyMessage[];
}

export interface LegacyMessage {
  /** As it was stored: `readLegacy`. */
  readonly content: string;
  readonly atMs: number;
  readonly sender: "user" | "ai" | "admin" | "system";
  readonly file: { readonly fileId: string; readonly url: string } | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Sessions of the service before this one that are still to be brought over. Methods reject with a
 * `ChatError` DATABASE_ERROR while the store is away.
 */
export interface LegacySessions {
  /** Ids of the next ones after `after`, in their order. */
  next(after: string | undefined, limit: number): Promise<readonly string[]>;
  /** Undefined: it is gone, or was brought over. Rejects with a LegacyFormatError. */
  read(id: string): Promise<LegacySession | undefined>;
  /** It is in the log, and in a row. */
  broughtOver(id: string): Promise<void>;
  /** The log, with entries dated by another clock than the wall's, in epoch milliseconds. */
  logDatedBy(clock: () => number): MessageLog;
}

/** A document is not of the shape that the service before wrote. Says where, and not what is there. */
export class LegacyFormatError extends Error {
  override readonly name = "LegacyFormatError";
}
