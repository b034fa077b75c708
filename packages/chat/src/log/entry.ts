import type { HybridTime } from "./hybrid-time.ts";
import type { Position } from "./versions.ts";

/** A session of a user. The user comes first everywhere, so that unique keys hold on a sharded store. */
export interface SessionKey {
  readonly userId: string;
  /** 32 hex characters. */
  readonly sessionId: string;
}

/** What an entry says; `body.ts` has what belongs to each. */
export type EntryKind =
  | "opened"
  | "message"
  | "edit"
  | "delete"
  | "reaction"
  | "receipt"
  | "control"
  | "named"
  | "model"
  | "help"
  | "ended";

/** Author who speaks for every model: which one it was is in the answer. */
export const BOT = "bot";

/** What somebody wants to add to a session's log. */
export interface Draft extends SessionKey {
  readonly kind: EntryKind;
  /** Verified: `user:ID`, `admin:ID`, `bot:PROVIDER`, `system`. */
  readonly author: string;
  /** Chosen by the author; with the author it is the identity of what is said, in every cluster. */
  readonly clientMessageId: string;
  /** JSON, of the shape that `kind` names. */
  readonly body: string;
  /** The highest time that the author has seen in this session. */
  readonly seen: HybridTime | undefined;
  /** Refused once the session's control epoch is above this; undefined: whatever it is. */
  readonly fence: number | undefined;
  /** Who answers from this entry on: it begins the control epoch after `fence`. Undefined: no change. */
  readonly control: "person" | "bot" | undefined;
  /** When it was said, for what is copied from elsewhere; epoch milliseconds. */
  readonly atMs?: number;
}

/** One record of a session's log: never changed, and never removed but by erasure and retention. */
export interface Entry extends SessionKey, Position {
  readonly hlc: HybridTime;
  readonly kind: EntryKind;
  readonly author: string;
  readonly clientMessageId: string;
  readonly body: string;
  /** The control epoch in force from this entry on. */
  readonly controlEpoch: number;
  /** A person answers in it. */
  readonly isHeld: boolean;
  /** The session is over with this entry or one before it. */
  readonly isClosed: boolean;
}

/** The end of a session's log as far as a store has it: what the next entry is built upon. */
export interface Head {
  /** The last number of the store's own origin. */
  readonly number: number;
  /** The highest of all origins. */
  readonly hlc: HybridTime;
  readonly controlEpoch: number;
  readonly isHeld: boolean;
  readonly isClosed: boolean;
}

export const EMPTY_HEAD: Head = {
  number: 0,
  hlc: 0,
  controlEpoch: 0,
  isHeld: false,
  isClosed: false,
};

/** `least (hlc, origin, number)` first: the one order of a session, the same in every cluster. */
export function inOrder(a: Entry, b: Entry): number {
  if (a.hlc !== b.hlc) return a.hlc - b.hlc;
  if (a.origin !== b.origin) return a.origin < b.origin ? -1 : 1;
  return a.number - b.number;
}
