import type { Clock } from "@warren/host";
import { LinkedAbort } from "./linked-abort.ts";
import type { Provider, ProviderEvent } from "./ports.ts";
import { ProviderError, type FaultKind } from "./provider-error.ts";
import type { Exchange } from "./streaming.ts";

export interface TokenTimers {
  /** From the start of a try until the model shows that it works. */
  firstTokenMs: number;
  /** Between one sign of work and the next. */
  stallMs: number;
}

/** A model that does not stop is stopped here, long before memory is short. */
const MOST_ANSWER_CHARS = 1_048_576;

export type Identity = Pick<Provider, "id" | "name" | "type" | "model">;

/**
 * The exchange as a Provider: with timers, and with errors that say whether text had come. Time counts
 * only while the reader waits for the model, never while the model waits for the reader. Text and
 * `working` are signs of work; pings and heads are not, since a dead model's server sends them too.
 */
export function timed(
  identity: Identity,
  exchange: Exchange,
  { clock, timers }: { clock: Clock; timers: TokenTimers },
): Provider {
  return {
    ...identity,
    async *stream(request, signal) {
      using link = new LinkedAbort(signal);
      const patience = new Patience(clock, timers, (fault) => link.abort(fault));
      const events = exchange.stream(request, link.signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          // What was read before an abort is not said after it.
          link.signal.throwIfAborted();
          const next = await patience.during(events.next());
          if (next.done === true) return;
          patience.saw(next.value);
          yield next.value;
        }
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw patience.faultOf(link.signal.aborted ? link.signal.reason : error);
      } finally {
        await events.return?.();
      }
    },
    async probe(signal) {
      using link = new LinkedAbort(signal);
      const forget = clock.after(timers.firstTokenMs, () =>
        link.abort(new ProviderError("timeout_first_token", "no answer to a probe")),
      );
      await exchange.probe(link.signal).finally(forget);
    },
  };
}

class Patience {
  readonly #clock: Clock;
  readonly #timers: TokenTimers;
  readonly #giveUp: (fault: ProviderError) => void;
  #leftMs: number;
  #kind: FaultKind = "timeout_first_token";
  #chars = 0;

  constructor(clock: Clock, timers: TokenTimers, giveUp: (fault: ProviderError) => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#giveUp = giveUp;
    this.#leftMs = timers.firstTokenMs;
  }

  async during<T>(next: Promise<T>): Promise<T> {
    const began = this.#clock.now();
    const kind = this.#kind;
    const forget = this.#clock.after(this.#leftMs, () =>
      this.#giveUp(new ProviderError(kind, "the model was waited for too long")),
    );
    return next.finally(() => {
      forget();
      this.#leftMs -= this.#clock.now() - began;
    });
  }

  saw(event: ProviderEvent): void {
    if (event.type !== "text" && event.type !== "working") return;
    if (event.type === "text") this.#chars += event.text.length;
    if (this.#chars > MOST_ANSWER_CHARS) throw new ProviderError("garbage", "an endless answer");
    this.#kind = "stalled";
    this.#leftMs = this.#timers.stallMs;
  }

  faultOf(error: unknown): unknown {
    if (error instanceof ProviderError) error.afterText = this.#chars > 0;
    return error;
  }
}
