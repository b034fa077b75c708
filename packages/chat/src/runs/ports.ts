import type { Clock } from "@warren/host";
import type { AnswerStatus } from "../log/body.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Recorded, Saying } from "../log/journal.ts";
import type { Prices } from "../providers/costs.ts";
import type { AnswerEvent, Question } from "../providers/router.ts";
import type { RunEvent, RunState } from "./run-event.ts";

/** The models, as a run needs them; `Providers` fits. */
export interface Answers {
  answer(question: Question, signal: AbortSignal): AsyncIterable<AnswerEvent>;
  /** The one that a session's choice means. */
  config(modelId: string | undefined): { id: string; prices: Prices | undefined };
}

export interface RunEnd {
  readonly status: AnswerStatus;
  readonly why: string | undefined;
  readonly firstTokenMs: number | undefined;
  readonly totalMs: number;
}

export interface RunDeps {
  answers: Answers;
  clock: Clock;
  /** Stores an answer; tried again while the store is away, as long as that makes sense. */
  say: (saying: Saying<"message">) => Promise<Recorded<"message">>;
  /** To whoever follows the session, on every instance. */
  tell: (key: SessionKey, event: RunEvent) => void;
  ended: (run: RunState, end: RunEnd) => void;
  failed: (cause: unknown) => void;
}
