import type { RunState, ServerFrames } from "@warren/wire";

type RunEnd = ServerFrames["run_end"];

/** An answer while it is written, and after that until its entry is here. */
export interface RunningAnswer {
  readonly runId: string;
  /** Name that its message will have. */
  readonly messageId: string;
  readonly replyTo: string;
  readonly modelId: string;
  readonly attempt: number;
  readonly text: string;
  /** How it ended; undefined while it is written. */
  readonly status: RunEnd["status"] | undefined;
  readonly why: string | undefined;
}

type Kept = { -readonly [K in keyof RunningAnswer]: RunningAnswer[K] } & { epoch: number };

/**
 * Answers that are being written. Text is put where it belongs by its place: what overlaps is dropped, what
 * leaves a hole is asked for, a later attempt replaces an earlier one.
 */
export class Answers {
  readonly #answers = new Map<string, Kept>();
  #epoch = 0;

  get all(): readonly RunningAnswer[] {
    return [...this.#answers.values()].map(({ epoch: _epoch, ...answer }) => answer);
  }

  /** Returns from which character on text is missing; undefined: none is. */
  start(run: RunState): number | undefined {
    if (run.control_epoch < this.#epoch) return undefined;
    const known = this.#answers.get(run.run_id);
    if (known !== undefined && known.attempt > run.attempt) return undefined;
    if (known?.attempt === run.attempt) return extend(known, run.at, run.text);
    const answer = answerOf(run, known?.text.slice(0, run.at) ?? "");
    const missing = extend(answer, run.at, run.text);
    this.#answers.set(run.run_id, answer);
    return missing;
  }

  /** The same. */
  delta({ run_id, attempt, at, text }: ServerFrames["run_delta"]): number | undefined {
    const answer = this.#answers.get(run_id);
    if (answer === undefined) return 0;
    if (attempt < answer.attempt) return undefined;
    // A later attempt was begun, and its start has not come: all of it is asked for.
    if (attempt > answer.attempt) return 0;
    return extend(answer, at, text);
  }

  /** It stays until its entry is here: where that could not be stored, it is all that there is. */
  end({ run_id, status, why }: RunEnd): void {
    const answer = this.#answers.get(run_id);
    if (answer === undefined) return;
    answer.status = status;
    answer.why = why;
  }

  /** What the service has of them, after a time apart. Returns the runs of which text is missing. */
  replace(runs: readonly RunState[]): { runId: string; from: number }[] {
    for (const runId of this.#answers.keys()) {
      if (!runs.some(({ run_id }) => run_id === runId)) this.#answers.delete(runId);
    }
    return runs.flatMap((run) => {
      const from = this.start(run);
      return from === undefined ? [] : [{ runId: run.run_id, from }];
    });
  }

  /** Its entry is here. */
  settle(messageId: string): void {
    for (const [runId, answer] of this.#answers) {
      if (answer.messageId === messageId) this.#answers.delete(runId);
    }
  }

  /** Somebody else answers from now on: what was begun before is not shown any more. */
  fence(epoch: number): void {
    this.#epoch = epoch;
    for (const [runId, answer] of this.#answers) {
      if (answer.epoch < epoch) this.#answers.delete(runId);
    }
  }
}

function answerOf(run: RunState, text: string): Kept {
  return {
    runId: run.run_id,
    messageId: run.message_id,
    replyTo: run.reply_to,
    modelId: run.model_id,
    attempt: run.attempt,
    text,
    status: undefined,
    why: undefined,
    epoch: run.control_epoch,
  };
}

/** Adds what is new of a text that begins at a character. */
function extend(answer: Kept, at: number, text: string): number | undefined {
  const { length } = answer.text;
  if (at > length) return length;
  answer.text += text.slice(length - at);
  return undefined;
}
