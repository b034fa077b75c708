import type { Versions } from "./versions.ts";

/** Text of people, sealed under the session's key before it reaches a store. */
export type Sealed = string;

export type Sender = "user" | "ai" | "admin" | "system";
export type MessageType = "text" | "file" | "voice";

/** How an answer of a model ended: only `complete` is all that it had to say. */
export type AnswerStatus = "complete" | "stopped" | "interrupted" | "superseded";

/** What a model's answer cost, and whose it was. */
export interface Answer {
  readonly runId: string;
  readonly modelId: string;
  /** Message that it answers. */
  readonly replyTo: string;
  /** Counts the runs for that message, from 1. */
  readonly attempt: number;
  readonly status: AnswerStatus;
  /** Why it did not become complete, as a word of the error table. */
  readonly why?: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly firstTokenMs?: number;
  readonly totalMs: number;
  /** Millionths of the currency of the configured prices. */
  readonly costMicros?: number;
}

export interface StoredFile {
  readonly fileId: string;
  readonly url: string;
  readonly name?: Sealed;
  readonly contentType?: string;
  readonly bytes?: number;
}

/** A change of a note is for those alone who may see the note. */
interface OfNote {
  readonly isNote?: true;
}

export interface Bodies {
  opened: {
    readonly modelId?: string;
    /** The name under which the client began it. */
    readonly alias?: string;
    /** A guest's session that this one goes on with. */
    readonly mergedFrom?: { readonly userId: string; readonly sessionId: string };
  };
  message: {
    readonly sender: Sender;
    readonly type: MessageType;
    readonly content: Sealed;
    /** Of the person who wrote it, for an admin's message. */
    readonly name?: string;
    readonly file?: StoredFile;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly replyTo?: string;
    /** For admins alone: no user, share or export sees it. */
    readonly isNote?: true;
    /** No answer is due to it alone: more of the same message follows, or it is a file without a word. */
    readonly isUnasked?: true;
    readonly answer?: Answer;
  };
  edit: { readonly messageId: string; readonly content: Sealed } & OfNote;
  delete: { readonly messageId: string } & OfNote;
  reaction: { readonly messageId: string; readonly emoji: string; readonly isOn: boolean } & OfNote;
  receipt: {
    readonly deviceId: string;
    /** What the device has, and what its person has seen. */
    readonly delivered?: Versions;
    readonly read?: Versions;
  };
  control: {
    readonly mode: "bot" | "person";
    readonly adminId?: string;
    readonly adminName?: string;
    readonly why: "takeover" | "leave" | "lease" | "transfer";
  };
  named: { readonly name: Sealed };
  model: { readonly modelId: string };
  help: { readonly isOpen: boolean };
  ended: {
    readonly by: string;
    /** The user who goes on with it: a guest's session is one user's and no other's. */
    readonly mergedInto?: string;
  };
}

export function bodyOf<K extends keyof Bodies>(entry: { kind: K; body: string }): Bodies[K] {
  return JSON.parse(entry.body) as Bodies[K];
}
