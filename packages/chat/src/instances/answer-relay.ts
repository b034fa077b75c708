import { wait, type Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import type { FanOut, Hint } from "../live/fan-out.ts";
import type { SessionKey } from "../log/entry.ts";
import type { AnswerOutcome, FunctionAnswers, LateAnswer } from "../providers/function-answers.ts";
import type { ClusterRuns } from "../runs/cluster-runs.ts";

export interface AnswerRelayOptions {
  /** Of the runs of this instance. */
  answers: Pick<FunctionAnswers, "receive">;
  runs: Pick<ClusterRuns, "of">;
  /** Whose session it is. */
  owner: (sessionId: string) => Promise<SessionKey | undefined>;
  fanOut: FanOut;
  /** Other instances may wait for answers. */
  isShared: boolean;
  clock: Clock;
  newId: () => string;
}

/** How long whoever waits for an answer may take to say so. */
const SAY_MS = 2_000;
/** Answers that are on their way to other instances at once, and the characters of one of them. */
const MOST_AT_ONCE = 100;
const MOST_CHARS = 262_144;
const MOST_ID_CHARS = 128;

/**
 * Takes answers that functions bring to whichever instance, and hands them to the one that waits: by a hint to
 * those that follow the session, which is kept nowhere. Only who has taken it says so: what nobody has taken in
 * time is refused in a way that has it brought again.
 */
export class AnswerRelay {
  readonly #options: AnswerRelayOptions;
  readonly #asked = new Map<string, (outcome: AnswerOutcome) => void>();

  constructor(options: AnswerRelayOptions) {
    this.#options = options;
  }

  /**
   * Gives an answer to the run that waits for it, on whichever instance. Rejects with a `ChatError`:
   * SERVICE_UNAVAILABLE where another one waits and could not be told now.
   */
  async receive(answer: LateAnswer): Promise<AnswerOutcome> {
    const { answers, isShared, owner, runs, fanOut } = this.#options;
    const outcome = answers.receive(answer);
    if (outcome !== "unknown" || !isShared) return outcome;
    // What can name no session is not looked for.
    if (answer.conversationId.length > MOST_ID_CHARS) return "unknown";
    const key = await owner(answer.conversationId);
    // Over, or never asked: whoever waits holds the session's run.
    if (key === undefined || (await runs.of(key)) === undefined) return "unknown";
    if (!fanOut.isOn) throw later("without Redis it cannot be handed on");
    if (answer.text.length + answer.runKey.length > MOST_CHARS)
      throw later("it is too large to be handed on");
    if (this.#asked.size >= MOST_AT_ONCE) throw later("too many are being handed on");
    return this.#ask(key, answer);
  }

  /** What other instances tell of it. */
  heard(key: SessionKey, hint: Extract<Hint, { kind: "answer" | "answered" }>): void {
    if (hint.kind === "answered") return this.#asked.get(hint.ask)?.(hint.outcome);
    const { answers, fanOut } = this.#options;
    const outcome = answers.receive({ ...hint.answer, conversationId: key.sessionId });
    if (outcome === "unknown") return;
    fanOut.tell(key, { kind: "answered", ask: hint.ask, outcome });
  }

  async #ask(key: SessionKey, { source, id, runKey, text }: LateAnswer): Promise<AnswerOutcome> {
    const { fanOut, clock, newId } = this.#options;
    const ask = newId();
    const taken = Promise.withResolvers<AnswerOutcome>();
    const over = new AbortController();
    this.#asked.set(ask, taken.resolve);
    const followed = fanOut.follow(key.sessionId);
    try {
      await followed.ready;
      fanOut.tell(key, { kind: "answer", ask, answer: { source, id, runKey, text } });
      const late = wait(clock, SAY_MS, over.signal).then(() => undefined);
      const outcome = await Promise.race([taken.promise, late]);
      if (outcome === undefined) throw later("it has not said that it has it");
      return outcome;
    } finally {
      over.abort();
      followed.leave();
      this.#asked.delete(ask);
    }
  }
}

function later(why: string): ChatError {
  const words = `another instance waits for this answer: ${why}; bring it again`;
  return new ChatError("SERVICE_UNAVAILABLE", words, { retryAfterMs: 1_000 });
}
