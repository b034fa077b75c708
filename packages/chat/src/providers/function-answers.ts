import { createHmac } from "node:crypto";
import { LRUCache } from "lru-cache";
import * as v from "valibot";
import { CloudEventError, type CloudEvent } from "./cloud-event.ts";

export const ANSWER_TYPE = "agent.response";

const Data = v.looseObject({
  idempotency_key: v.pipe(v.string(), v.nonEmpty()),
  conversation_id: v.string(),
  response: v.string(),
});

/** An answer that came by an event of its own. */
export interface LateAnswer {
  /** Of the event: two of the same are one. */
  readonly source: string;
  readonly id: string;
  readonly runKey: string;
  /** The session in which it was asked. */
  readonly conversationId: string;
  readonly text: string;
}

/**
 * What became of an answer: given to the run that waited; had already, under the same source and id; or for a
 * run that does not wait here: over, another instance's, or never asked.
 */
export type AnswerOutcome = "delivered" | "duplicate" | "unknown";

/** Delivered events that are remembered. */
const MOST_REMEMBERED = 10_000;

/**
 * The answers of functions that come later than the response to the question. Who brings one shows the key of its
 * run, which the function alone was told: the run's id is seen by whoever reads the answer, and could be used
 * to put words into the model's mouth.
 */
export class FunctionAnswers {
  readonly #secret: string;
  readonly #waiting = new Map<string, (answer: string) => void>();
  readonly #delivered = new LRUCache<string, true>({ max: MOST_REMEMBERED });

  /** `secret`: of chance, this instance's own. */
  constructor(secret: string) {
    this.#secret = secret;
  }

  /** What lets the answer to a run in; the same for each try. */
  keyOf(runId: string): string {
    return createHmac("sha256", this.#secret).update(runId).digest("hex").slice(0, 32);
  }

  /** Gives an answer to the run that its key names. */
  receive({ source, id, runKey, text }: LateAnswer): AnswerOutcome {
    const key = `${source}\n${id}`;
    if (this.#delivered.has(key)) return "duplicate";
    const deliver = this.#waiting.get(runKey);
    if (deliver === undefined) return "unknown";
    this.#delivered.set(key, true);
    deliver(text);
    return "delivered";
  }

  /** Waits for the answer to a run until disposed. */
  expect(runId: string): Disposable & { readonly answer: Promise<string> } {
    const { promise, resolve } = Promise.withResolvers<string>();
    const runKey = this.keyOf(runId);
    this.#waiting.set(runKey, resolve);
    return {
      answer: promise,
      [Symbol.dispose]: () => {
        if (this.#waiting.get(runKey) === resolve) this.#waiting.delete(runKey);
      },
    };
  }

  /** Runs that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }
}

/** Throws a CloudEventError where the event is no answer. */
export function answerIn({ type, source, id, data: said }: CloudEvent): LateAnswer {
  if (type !== ANSWER_TYPE) throw new CloudEventError(`the type is not ${ANSWER_TYPE}`);
  const data = v.safeParse(Data, said);
  if (data.success) {
    const { idempotency_key: runKey, conversation_id: conversationId, response } = data.output;
    return { source, id, runKey, conversationId, text: response };
  }
  const names = [...new Set(data.issues.map((issue) => v.getDotPath(issue) ?? "data"))];
  throw new CloudEventError(`missing or malformed in data: ${names.join(", ")}`);
}
