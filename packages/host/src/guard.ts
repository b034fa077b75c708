import { wait, type Clock } from "./clock.ts";
import { Breaker, type BreakerState } from "./guard-breaker.ts";
import type { Classify, Failure } from "./guard-classify.ts";
import { GuardEvents, type AttemptOutcome, type GuardMetrics } from "./guard-events.ts";
import type { BreakerOptions, Operation } from "./guard-operations.ts";
import type { Log } from "./log.ts";
import { backoff } from "./retry.ts";

export interface GuardOptions {
  breaker: BreakerOptions;
  classify: Classify;
}

export interface GuardDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  metrics: GuardMetrics;
  log: Log;
}

/** A dependency's breaker is open: it was not called. */
export class DependencyOpenError extends Error {
  override readonly name = "DependencyOpenError";
  readonly dependency: string;
  /** Until a call passes again; 0 while one is out to see. */
  readonly retryInMs: number;
  constructor(dependency: string, retryInMs: number) {
    const when = retryInMs > 0 ? `in ${(retryInMs / 1000).toFixed(1)} s` : "just now";
    super(`${dependency} keeps failing and is not called: it is tried again ${when}`);
    this.dependency = dependency;
    this.retryInMs = retryInMs;
  }
}

/** An attempt did not end in its time. What it asked for may have been done all the same. */
export class AttemptTimeoutError extends Error {
  override readonly name = "AttemptTimeoutError";
  readonly dependency: string;
  readonly timeoutMs: number;
  constructor(dependency: string, operation: Operation) {
    super(`${dependency} did not answer (${operation.name}) within ${operation.timeoutMs} ms`);
    this.dependency = dependency;
    this.timeoutMs = operation.timeoutMs;
  }
}

/** A dependency's state, for readiness checks and `status` pages. */
export interface GuardReport {
  dependency: string;
  state: BreakerState;
  /** Failed attempts in a row. */
  failures: number;
  /** Until an open breaker lets a call through. */
  retryInMs: number;
}

/** Stands between a part of the program and one dependency; shared by all who call it. */
export interface Guard {
  /**
   * Calls, with a time-out for each attempt, retries as `operation` says, and a breaker over all calls.
   * `call` is repeated also after an attempt whose outcome is unknown: make it idempotent, or give an
   * operation without retries. Its signal aborts at the attempt's time-out and when `signal` does.
   *
   * Rejects with a DependencyOpenError, an AttemptTimeoutError, what the last attempt threw, or
   * `signal`'s reason.
   */
  run<T>(
    operation: Operation,
    call: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T>;
  report(): GuardReport;
}

type Ending<T> =
  | { outcome: "ok"; value: T }
  | { outcome: Exclude<AttemptOutcome, "ok">; error: unknown; retryAfterMs: number };

const NEVER = new AbortController().signal;

export function guard(dependency: string, options: GuardOptions, deps: GuardDeps): Guard {
  return new DependencyGuard(dependency, options, deps);
}

class DependencyGuard implements Guard {
  readonly #dependency: string;
  readonly #options: GuardOptions;
  readonly #deps: GuardDeps;
  readonly #events: GuardEvents;
  readonly #breaker: Breaker;

  constructor(dependency: string, options: GuardOptions, deps: GuardDeps) {
    this.#dependency = dependency;
    this.#options = options;
    this.#deps = deps;
    this.#events = new GuardEvents(dependency, deps.metrics, deps.log);
    const { openMs } = options.breaker;
    const changed = (state: BreakerState) =>
      this.#events.became(state, this.#breaker.failures, openMs);
    this.#breaker = new Breaker(options.breaker, { clock: deps.clock, changed });
  }

  report(): GuardReport {
    const { state, failures, retryInMs } = this.#breaker;
    return { dependency: this.#dependency, state, failures, retryInMs };
  }

  async run<T>(
    operation: Operation,
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal = NEVER,
  ): Promise<T> {
    const { firstMs, maxMs } = operation;
    const { random } = this.#deps;
    const waits = backoff({ firstMs, capMs: maxMs, heldMs: Infinity, random });
    let last: { error: unknown } | undefined;
    for (;;) {
      signal.throwIfAborted();
      const ended = await this.#attempt(operation, call, signal);
      if (ended === undefined) {
        const rejected = this.#rejected(operation);
        // The breaker opened while this call waited: its own failure says more.
        throw last === undefined ? rejected : last.error;
      }
      if (ended.outcome === "ok") return ended.value;
      const waitMs = Math.max(waits.next(), ended.retryAfterMs);
      const isWorthIt = isRepeated(ended.outcome) && waits.attempts <= operation.retries;
      if (!isWorthIt || waitMs > maxMs) throw ended.error;
      last = ended;
      // Nobody waits in vain, or comes back together with everybody else when it is over.
      if (this.#breaker.state !== "closed") throw ended.error;
      if (!(await wait(this.#deps.clock, waitMs, signal))) throw signal.reason;
      this.#events.retried(operation.name);
    }
  }

  #rejected(operation: Operation): DependencyOpenError {
    this.#events.rejected(operation.name);
    return new DependencyOpenError(this.#dependency, this.#breaker.retryInMs);
  }

  /** Undefined: the breaker let nothing pass. */
  async #attempt<T>(
    operation: Operation,
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Ending<T> | undefined> {
    const pass = this.#breaker.enter();
    if (pass === undefined) return undefined;
    const { clock } = this.#deps;
    const began = clock.now();
    const ended = await this.#timed(operation, call, signal);
    if (ended.outcome === "aborted") pass.dropped();
    else if (countsAsFailure(ended.outcome)) pass.failed();
    else pass.succeeded();
    this.#events.attempted(operation.name, ended.outcome, clock.now() - began);
    return ended;
  }

  /** Ends at the time-out or the abort even when `call` does not heed its signal. */
  async #timed<T>(
    operation: Operation,
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Ending<T>> {
    const stop = new AbortController();
    const over = Promise.withResolvers<never>();
    const end = (error: unknown) => {
      over.reject(error);
      stop.abort(error);
    };
    const late = new AttemptTimeoutError(this.#dependency, operation);
    const aborted = () => end(signal.reason);
    const forget = this.#deps.clock.after(operation.timeoutMs, () => end(late));
    signal.addEventListener("abort", aborted, { once: true });
    try {
      return {
        outcome: "ok",
        value: await Promise.race([called(call, stop.signal), over.promise]),
      };
    } catch (error) {
      if (error === late) return { outcome: "timeout", error, retryAfterMs: 0 };
      if (signal.aborted) return { outcome: "aborted", error: signal.reason, retryAfterMs: 0 };
      // What an attempt throws once it was told to stop says nothing of its own.
      if (stop.signal.aborted) return { outcome: "timeout", error: late, retryAfterMs: 0 };
      const { kind, retryAfterMs } = this.#classified(error);
      return { outcome: kind, error, retryAfterMs };
    } finally {
      forget();
      signal.removeEventListener("abort", aborted);
    }
  }

  #classified(error: unknown): Failure {
    const said = this.#options.classify(error);
    return typeof said === "string" ? { kind: said, retryAfterMs: 0 } : said;
  }
}

/** A call that throws before it gives a promise fails like any other. */
async function called<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) {
  return call(signal);
}

function isRepeated(outcome: AttemptOutcome): boolean {
  return outcome === "transient" || outcome === "deferred" || outcome === "timeout";
}

function countsAsFailure(outcome: AttemptOutcome): boolean {
  return outcome === "transient" || outcome === "permanent" || outcome === "timeout";
}
