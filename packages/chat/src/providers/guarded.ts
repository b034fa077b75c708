import type { Clock } from "@warren/host";
import { Breaker, type BreakerOptions } from "./breaker.ts";
import { Bulkhead, type BulkheadOptions } from "./bulkhead.ts";
import type { ProviderEvents } from "./events.ts";
import type { Provider, ProviderEvent, ProviderRequest, Usage } from "./ports.ts";
import { ProviderError, type FaultKind } from "./provider-error.ts";

export interface GuardOptions {
  clock: Clock;
  events: ProviderEvents;
  breaker: Pick<BreakerOptions, "failures" | "openMs">;
  bulkhead: BulkheadOptions;
}

/** One provider with its breaker, its places, its numbers and what is known of its health. */
export class Guarded {
  readonly provider: Provider;
  readonly #clock: Clock;
  readonly #events: ProviderEvents;
  readonly #breaker: Breaker;
  readonly #bulkhead: Bulkhead;
  #lastFault: FaultKind | undefined;

  constructor(provider: Provider, { clock, events, breaker, bulkhead }: GuardOptions) {
    this.provider = provider;
    this.#clock = clock;
    this.#events = events;
    this.#bulkhead = new Bulkhead(bulkhead);
    const changed = events.breaker.bind(events, provider.id);
    this.#breaker = new Breaker({ clock, ...breaker, changed });
    events.known(provider.id);
  }

  get breakerState() {
    return this.#breaker.state;
  }
  /** The latest fault that says something of the provider; undefined once it worked again. */
  get lastFault(): FaultKind | undefined {
    return this.#lastFault;
  }
  /** False while the breaker is open: a try would be refused unsent. */
  get isPassable(): boolean {
    return this.#breaker.isPassable;
  }

  /** One try. Rejects as the provider does, or with a ProviderError `busy` or `resting` unsent. */
  async *attempt(request: ProviderRequest, signal: AbortSignal): AsyncGenerator<ProviderEvent> {
    const place = this.#bulkhead.enter(signal);
    this.#load();
    let leave: (() => void) | undefined;
    try {
      leave = await place.catch((error: unknown) => {
        if (error instanceof ProviderError) this.#events.failed(this.provider.id, error);
        throw error;
      });
      this.#load();
      yield* this.#admitted(request, signal);
    } finally {
      leave?.();
      this.#load();
    }
  }

  /** Asks whether it could answer, and remembers what came of it. */
  async probe(signal: AbortSignal): Promise<void> {
    try {
      await this.provider.probe(signal);
      this.#lastFault = undefined;
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      this.#lastFault = error.kind;
      this.#events.probeFailed(this.provider.id, error);
    }
  }

  async *#admitted(request: ProviderRequest, signal: AbortSignal): AsyncGenerator<ProviderEvent> {
    const passage = this.#breaker.enter();
    if (passage === undefined) throw new ProviderError("resting", "the breaker is open");
    const count = new Counting(this.provider.id, this.#events, this.#clock);
    try {
      for await (const event of this.provider.stream(request, signal)) {
        count.saw(event);
        if (event.type === "text") passage.alive();
        if (event.type === "finish") {
          passage.succeeded();
          this.#lastFault = undefined;
        }
        yield event;
      }
    } catch (error) {
      if (error instanceof ProviderError) {
        this.#events.failed(this.provider.id, error);
        if (error.counts) {
          passage.failed();
          this.#lastFault = error.kind;
        }
      }
      throw error;
    } finally {
      passage.left();
      count.end();
    }
  }

  #load(): void {
    this.#events.load(this.provider.id, this.#bulkhead.taken, this.#bulkhead.waiting);
  }
}

/** The numbers of one try. */
class Counting {
  readonly #id: string;
  readonly #events: ProviderEvents;
  readonly #clock: Clock;
  readonly #beganAt: number;
  #isText = false;
  #usage: Usage | undefined;

  constructor(id: string, events: ProviderEvents, clock: Clock) {
    this.#id = id;
    this.#events = events;
    this.#clock = clock;
    this.#beganAt = clock.now();
    events.tried(id);
  }
  saw(event: ProviderEvent): void {
    if (event.type === "usage") this.#usage = event.usage;
    if (event.type !== "text" || this.#isText) return;
    this.#isText = true;
    this.#events.firstText(this.#id, this.#clock.now() - this.#beganAt);
  }
  /** An answer that was stopped has cost what it has cost. */
  end(): void {
    if (this.#usage !== undefined) this.#events.used(this.#id, this.#usage.totalTokens);
  }
}
