import { ChatError, type ChatErrorCode } from "@warren/wire";
import type { AnswerStatus, Answer } from "../log/body.ts";
import { BOT, type SessionKey } from "../log/entry.ts";
import { messageIdOf } from "../log/view.ts";
import { costMicros } from "../providers/costs.ts";
import type { ProviderRequest, Usage } from "../providers/ports.ts";
import { chatErrorOf, ProviderError } from "../providers/provider-error.ts";
import type { AnswerEvent } from "../providers/router.ts";
import type { RunDeps } from "./ports.ts";
import { RollUp } from "./roll-up.ts";
import type { RunEvent, RunState } from "./run-event.ts";

const ROLL_UP_MS = 40;

const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };

/** What is to be answered. */
export interface Asked {
  readonly key: SessionKey;
  /** Name of the message. */
  readonly messageId: string;
  readonly number: number;
  readonly atMs: number;
  /** Counts the answers to it, from 1. */
  readonly attempt: number;
  /** The control epoch under which it was asked. */
  readonly controlEpoch: number;
  /** Provider id that the session chose; undefined: the default. Of an answer that goes on: who began it. */
  readonly modelId: string | undefined;
  /** What is there of an answer that goes on; empty: a new one. */
  readonly begun: string;
}

/** The names of the answer: of one question and try they are the same in every instance. */
export function answerNames(
  { sessionId }: SessionKey,
  { messageId, attempt }: Pick<Asked, "messageId" | "attempt">,
): { clientMessageId: string; messageId: string } {
  const clientMessageId = `answer:${messageId}:${attempt}`;
  return { clientMessageId, messageId: messageIdOf({ sessionId, author: BOT, clientMessageId }) };
}

/** Where another instance was when it died. */
export interface LeftBy {
  readonly state: RunState;
  readonly ranMs: number;
}

/** Why a run ends before its model has. */
export class RunEnded extends Error {
  readonly status: AnswerStatus;
  readonly why: ChatErrorCode | undefined;
  constructor(status: AnswerStatus, why: ChatErrorCode | undefined) {
    super(status);
    this.status = status;
    this.why = why;
  }
}

/**
 * One answer, from the question to its entry in the log.
 *
 * 1. It belongs to nobody's socket: it ends by itself, by `end`, or by the control that changes.
 * 2. What viewers got is what is stored, whatever ended it.
 * 3. Two models are never spliced: another one may begin only while there is no text, and an answer that goes
 *    on is its own model's.
 */
export class Run {
  readonly asked: Asked;
  readonly runId: string;
  readonly messageId: string;
  readonly clientMessageId: string;
  readonly #deps: RunDeps;
  readonly #abort = new AbortController();
  #begunMs: number;
  #told: string;
  #modelId: string;
  #attempt = 0;
  /** Tries that another instance made; ours are above them. */
  #formerAttempts = 0;
  #isOvertaken = false;
  #isLost = false;
  #usage: Usage = NO_USAGE;
  /** What the tries before have used, and cost at the prices of whoever made them. */
  #spent: { usage: Usage; micros: number | undefined } = { usage: NO_USAGE, micros: undefined };
  #firstTokenMs: number | undefined;

  constructor(asked: Asked, deps: RunDeps) {
    this.asked = asked;
    this.#deps = deps;
    const { clientMessageId, messageId } = answerNames(asked.key, asked);
    this.clientMessageId = clientMessageId;
    this.messageId = messageId;
    this.runId = messageId;
    this.#modelId = deps.answers.config(asked.modelId).id;
    this.#begunMs = deps.clock.now();
    this.#told = asked.begun;
  }

  get state(): RunState {
    return {
      runId: this.runId,
      messageId: this.messageId,
      replyTo: this.asked.messageId,
      modelId: this.#modelId,
      attempt: this.#attempt,
      controlEpoch: this.asked.controlEpoch,
      text: this.#told,
    };
  }

  /** Ends it early; what there is of it stays. Ending twice is ending once. */
  end(status: AnswerStatus, why?: ChatErrorCode): void {
    // What no viewer has got by then is late: nobody gets it any more.
    if (status === "superseded") this.#isOvertaken = true;
    this.#abort.abort(new RunEnded(status, why));
  }

  get ranMs(): number {
    return this.#deps.clock.now() - this.#begunMs;
  }

  /** Another instance has it: what is still to come is nobody's. */
  lose(): void {
    this.#isLost = true;
    this.end("interrupted");
  }

  /** Goes on from where another instance died: nothing of its answer was told. */
  inherit({ state }: LeftBy): void {
    // One more than was noted: it may have tried once more and died before it could note that.
    this.#formerAttempts = state.attempt + 1;
  }

  /** Ends what another instance left: all that was kept of it. Resolves as `write` does. */
  async bury({ state, ranMs }: LeftBy): Promise<void> {
    this.#told = state.text;
    this.#modelId = state.modelId;
    this.#attempt = state.attempt;
    this.#begunMs = this.#deps.clock.now() - ranMs;
    await this.#close(new RunEnded("interrupted", "SERVICE_ERROR"));
  }

  /** Resolves once it is in the log, or never can be. Never rejects. */
  async write(request: () => Promise<ProviderRequest>): Promise<void> {
    const end = await this.#stream(request);
    if (this.#isLost) return;
    await this.#close(end);
  }

  async #close(end: RunEnded): Promise<void> {
    const status = await this.#store(end);
    const { why } = end;
    this.#tell({ type: "end", run: this.state, status, why });
    const { ranMs: totalMs } = this;
    this.#deps.ended(this.state, { status, why, firstTokenMs: this.#firstTokenMs, totalMs });
  }

  async #stream(ask: () => Promise<ProviderRequest>): Promise<RunEnded> {
    const { answers, clock } = this.#deps;
    using rollUp = new RollUp({ clock, everyMs: ROLL_UP_MS, flush: (text) => this.#delta(text) });
    try {
      const { modelId, begun } = this.asked;
      const question = { modelId, isAlone: begun !== "", request: await ask() };
      for await (const event of answers.answer(question, this.#abort.signal)) {
        // Whoever ended it is not told of one more step of it.
        this.#abort.signal.throwIfAborted();
        if (event.type === "text") {
          this.#firstTokenMs ??= clock.now() - this.#begunMs;
          rollUp.add(event.text);
        } else this.#note(event);
      }
      return new RunEnded("complete", undefined);
    } catch (reason) {
      return endOf(reason, this.#deps.failed);
    }
  }

  #note(event: Exclude<AnswerEvent, { type: "text" }>): void {
    if (event.type === "usage") this.#usage = event.usage;
    else if (event.type === "attempt") {
      // A try that failed is paid for as well.
      if (this.#usage !== NO_USAGE) this.#spent = this.#used();
      this.#usage = NO_USAGE;
      this.#attempt = this.#formerAttempts + event.number;
      this.#modelId = event.provider.id;
      this.#tell({ type: "start", run: this.state });
    }
  }

  #delta(text: string): void {
    if (this.#isOvertaken || this.#isLost) return;
    const at = this.#told.length;
    this.#told += text;
    this.#tell({ type: "delta", run: this.state, at, text });
  }

  #tell(event: RunEvent): void {
    this.#deps.tell(this.asked.key, event);
  }

  /** Puts it into the log; under another control only what viewers had by then. */
  async #store({ status, why }: RunEnded): Promise<AnswerStatus> {
    const isOvertaken = status === "superseded";
    // Nobody saw anything of it: there is nothing to keep.
    if (isOvertaken && this.#told === this.asked.begun) return status;
    const answer = this.#answer(status, why);
    const { controlEpoch } = this.asked;
    const say = (given: Answer, fence: number | undefined) =>
      this.#deps.say({
        ...this.asked.key,
        kind: "message",
        author: BOT,
        clientMessageId: this.clientMessageId,
        body: {
          sender: "ai",
          type: "text",
          content: this.#told,
          replyTo: this.asked.messageId,
          answer: given,
        },
        seen: undefined,
        fence,
      });
    try {
      await say(answer, isOvertaken ? undefined : controlEpoch);
      return status;
    } catch (reason) {
      const { code } = ChatError.from(reason);
      // Another instance, which took this one for dead, has ended it: its entry says how.
      if (code === "CONFLICT") return "interrupted";
      if (code !== "CONTROL_CHANGED") {
        this.#deps.failed(reason);
        return "interrupted";
      }
      await say(this.#answer("superseded", undefined), undefined).catch(this.#deps.failed);
      return "superseded";
    }
  }

  /** By all tries. */
  #used(): { usage: Usage; micros: number | undefined } {
    const { usage, micros } = this.#spent;
    const { prices } = this.#deps.answers.config(this.#modelId);
    const more = prices && costMicros(this.#usage, prices);
    return {
      usage: {
        inputTokens: usage.inputTokens + this.#usage.inputTokens,
        outputTokens: usage.outputTokens + this.#usage.outputTokens,
        totalTokens: usage.totalTokens + this.#usage.totalTokens,
      },
      micros: micros === undefined ? more : micros + (more ?? 0),
    };
  }

  #answer(status: AnswerStatus, why: string | undefined): Answer {
    const { usage, micros } = this.#used();
    return {
      runId: this.runId,
      modelId: this.#modelId,
      replyTo: this.asked.messageId,
      attempt: this.asked.attempt,
      status,
      ...(why !== undefined && { why }),
      ...usage,
      ...(this.#firstTokenMs !== undefined && { firstTokenMs: Math.round(this.#firstTokenMs) }),
      totalMs: Math.round(this.#deps.clock.now() - this.#begunMs),
      ...(micros !== undefined && { costMicros: micros }),
    };
  }
}

function endOf(reason: unknown, failed: (cause: unknown) => void): RunEnded {
  if (reason instanceof RunEnded) return reason;
  if (reason instanceof ProviderError) return new RunEnded("interrupted", chatErrorOf(reason).code);
  failed(reason);
  return new RunEnded("interrupted", "INTERNAL_ERROR");
}
