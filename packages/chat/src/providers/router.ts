import { backoff, wait, type Backoff, type Clock } from "@warren/host";
import type { ProviderEvents } from "./events.ts";
import type { Guarded } from "./guarded.ts";
import { LinkedAbort } from "./linked-abort.ts";
import type { Provider, ProviderEvent, ProviderRequest } from "./ports.ts";
import { ProviderError, type FaultKind } from "./provider-error.ts";

/** Who answers, as a viewer is told. */
export type Answerer = Pick<Provider, "id" | "name" | "model">;

/**
 * `attempt` says who answers from here on and why: it was chosen; nothing (or nothing known) was, so
 * the first is the default; the same once more; or another one, since `from` failed. `number` counts
 * from 1. `waiting` comes before a pause and the next `attempt`.
 */
export type AnswerEvent =
  | ProviderEvent
  | {
      type: "attempt";
      number: number;
      provider: Answerer;
      because: "chosen" | "default" | "retried" | "failed_over";
      /** Provider id; undefined unless failed over. */
      from: string | undefined;
    }
  | { type: "waiting"; ms: number; provider: Answerer; because: FaultKind };

export interface RouterOptions {
  clock: Clock;
  /** Uniform in [0, 1): spreads retries. */
  random: () => number;
  /** Tries with one provider. */
  attempts: number;
  firstRetryMs: number;
  /** No pause is longer; a Retry-After that is means another provider. */
  retryCapMs: number;
  /** The whole answer, with retries and fail-over: `LLM_STREAM_TIMEOUT`. */
  wholeMs: number;
}

export interface Question {
  /** Provider id that the session chose; undefined for the default. */
  modelId: string | undefined;
  /** No other may answer: it goes on with what this one wrote. */
  isAlone: boolean;
  request: ProviderRequest;
}

/**
 * Gets an answer: from the chosen provider with its retries, else from the others in the order of the
 * configuration. All of that only before the first text: two models are never spliced. What ends
 * after that rejects with `broke_off`, whose cause says how. Nor where an answer goes on.
 */
export class Router {
  /** In the order of the configuration. */
  readonly #all: readonly Guarded[];
  readonly #options: RouterOptions;
  readonly #events: ProviderEvents;

  constructor(all: readonly Guarded[], options: RouterOptions, events: ProviderEvents) {
    this.#all = all;
    this.#options = options;
    this.#events = events;
  }

  /** Ends with `finish`, or rejects with a ProviderError, or with the signal's reason. */
  async *answer(question: Question, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
    const { modelId, request } = question;
    const { clock, wholeMs } = this.#options;
    using whole = new LinkedAbort(signal);
    const forget = clock.after(wholeMs, () =>
      whole.abort(new ProviderError("timeout_whole", `no whole answer within ${wholeMs} ms`)),
    );
    const answer = new Answering(this.#options, this.#events, request, whole.signal);
    try {
      yield* answer.by(this.#order(question), modelId);
    } catch (error) {
      throw signal.aborted ? signal.reason : endOf(error, answer.isText);
    } finally {
      forget();
    }
  }

  #order({ modelId, isAlone }: Question): Guarded[] {
    const chosen = this.#all.filter(({ provider }) => provider.id === modelId);
    if (isAlone) return chosen;
    return [...chosen, ...this.#all.filter((each) => !chosen.includes(each))];
  }
}

function endOf(error: unknown, isText: boolean): unknown {
  if (!(error instanceof ProviderError) || !isText) return error;
  const end = new ProviderError("broke_off", "the answer broke off", { cause: error });
  end.afterText = true;
  return end;
}

/** The tries for one answer. */
class Answering {
  readonly #options: RouterOptions;
  readonly #events: ProviderEvents;
  readonly #request: ProviderRequest;
  readonly #signal: AbortSignal;
  readonly #endsAt: number;
  #number = 0;
  isText = false;

  constructor(
    options: RouterOptions,
    events: ProviderEvents,
    request: ProviderRequest,
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#events = events;
    this.#request = request;
    this.#signal = signal;
    this.#endsAt = options.clock.now() + options.wholeMs;
  }

  /** Until one of them has answered; rejects with what was last wrong where none does. */
  async *by(order: readonly Guarded[], modelId: string | undefined): AsyncGenerator<AnswerEvent> {
    let failed: { id: string; fault: ProviderError } | undefined;
    for (const [index, guarded] of order.entries()) {
      const { id } = guarded.provider;
      const isLast = index === order.length - 1;
      if (!guarded.isPassable) {
        failed ??= { id, fault: new ProviderError("resting", "the breaker is open") };
        continue;
      }
      if (failed !== undefined) this.#events.failedOver(failed.id, id);
      const because = failed ? "failed_over" : id === modelId ? "chosen" : "default";
      const fault = yield* this.#tries(guarded, { because, from: failed?.id, isLast });
      if (fault === undefined) return;
      failed = { id, fault };
    }
    throw failed?.fault ?? new ProviderError("unreachable", "no such provider is configured");
  }

  /** Gives the fault after which another provider may be asked, or undefined once it has answered. */
  async *#tries(
    guarded: Guarded,
    {
      because,
      from,
      isLast,
    }: { because: "chosen" | "default" | "failed_over"; from: string | undefined; isLast: boolean },
  ): AsyncGenerator<AnswerEvent, ProviderError | undefined> {
    const { random, firstRetryMs, retryCapMs, attempts } = this.#options;
    const delays = backoff({ firstMs: firstRetryMs, capMs: retryCapMs, heldMs: Infinity, random });
    const provider = answererOf(guarded.provider);
    for (let tried = 1; ; tried++) {
      const why = tried === 1 ? because : "retried";
      this.#number += 1;
      yield {
        type: "attempt",
        number: this.#number,
        provider,
        because: why,
        from: tried === 1 ? from : undefined,
      };
      const fault = yield* this.#once(guarded);
      if (fault === undefined) return undefined;
      const pauseMs = tried < attempts ? this.#pauseMs(fault, delays, isLast) : undefined;
      if (pauseMs === undefined || !guarded.isPassable) return fault;
      yield { type: "waiting", ms: pauseMs, provider, because: fault.kind };
      await wait(this.#options.clock, pauseMs, this.#signal);
      this.#signal.throwIfAborted();
    }
  }

  /** One try; gives its fault where nothing was said yet, and throws what ends the answer. */
  async *#once(guarded: Guarded): AsyncGenerator<AnswerEvent, ProviderError | undefined> {
    try {
      for await (const event of guarded.attempt(this.#request, this.#signal)) {
        this.isText ||= event.type === "text";
        yield event;
      }
      return undefined;
    } catch (error) {
      if (this.isText || this.#signal.aborted || !(error instanceof ProviderError)) throw error;
      return error;
    }
  }

  /** How long until the next try with the same provider; undefined where there should be none. */
  #pauseMs(fault: ProviderError, delays: Backoff, isLast: boolean): number | undefined {
    // Who was silent for so long once may be so again: another is asked first, where there is one.
    const isSilent = fault.kind === "timeout_first_token" || fault.kind === "stalled";
    if (!fault.retry || (isSilent && !isLast)) return undefined;
    const askedMs = fault.retryAfterMs ?? 0;
    const pauseMs = askedMs + delays.next();
    const leftMs = this.#endsAt - this.#options.clock.now();
    return askedMs > this.#options.retryCapMs || pauseMs >= leftMs ? undefined : pauseMs;
  }
}

function answererOf({ id, name, model }: Provider): Answerer {
  return { id, name, model };
}
