import type { Position } from "../log/versions.ts";
import type { SessionKey } from "../log/entry.ts";
import type { LateAnswer } from "../providers/function-answers.ts";
import type { Passing } from "./room.ts";

/** What one instance tells the others that follow a session. */
export type Hint =
  /** An entry was stored: it is to be read. */
  | ({ readonly kind: "stored" } & Position)
  /** The session's user is to leave, who came before that time: their data is erased, or another's now. */
  | { readonly kind: "left"; readonly sinceMs: number }
  /** What is not stored. */
  | { readonly kind: "passing"; readonly event: Passing }
  /** Whoever writes this answer is to end it. */
  | { readonly kind: "stop"; readonly runId: string | undefined }
  /** A function has brought this answer, and whoever waits for it is to say so under this name. */
  | { readonly kind: "answer"; readonly ask: string; readonly answer: BroughtAnswer }
  /** It was waited for, and is taken. */
  | {
      readonly kind: "answered";
      readonly ask: string;
      readonly outcome: "delivered" | "duplicate";
    };

/** The hint's session is the one in which it was asked. */
export type BroughtAnswer = Omit<LateAnswer, "conversationId">;

/** A hint came from another instance. */
export type Heard = (key: SessionKey, hint: Hint) => void;

/**
 * Hints between the instances of a cluster. They may be lost, come twice, late or out of order: the log
 * is the truth, and whoever follows it looks there. Nothing here waits for anything, and nothing rejects.
 */
export interface FanOut extends AsyncDisposable {
  /** False while hints are not heard. */
  readonly isOn: boolean;
  /** Tells all others that follow the session. */
  tell(key: SessionKey, hint: Hint): void;
  /**
   * Hears of the session until `leave` is called. `ready` resolves once it does: what is told from then on
   * is heard; or soon, where that cannot be now.
   */
  follow(sessionId: string): Followed;
}

export interface Followed {
  readonly ready: Promise<unknown>;
  leave(): void;
}

/** What became of hints, for the metrics. */
export interface FanOutEvents {
  /** So many wait to be told. */
  hintsWaiting(count: number): void;
  hintsSent(count: number): void;
  /** They could not be told: whoever follows finds what they were about in the log. */
  hintsLost(count: number): void;
  hintsHeard(count: number): void;
}
