import type { Flow } from "./flow.ts";

/** What one direction of a network path allows. */
export interface LinkLimits {
  /** Shared by all connections, in turns. Infinity: no limit. */
  bytesPerSecond: number;
  /** From one end to the other. */
  delayMs: number;
  /** What may wait for its turn, per connection; beyond it the sender is no longer read. */
  queueBytes: number;
}

/** What is given without a word: a queue that holds 50 ms, as the routers of slow lines do. */
const QUEUE_SECONDS = 0.05;
const LEAST_QUEUE_BYTES = 262_144;
/** On an unlimited line, where `capacityBytes` has no product of rate and delay to go by. */
const MOST_FLYING_BYTES = 16 * 1024 * 1024;

/** Nothing limited that is not said. */
export function linkLimits(said: Partial<LinkLimits> = {}): LinkLimits {
  const { bytesPerSecond = Infinity, delayMs = 0 } = said;
  const limited = bytesPerSecond === Infinity ? 0 : bytesPerSecond * QUEUE_SECONDS;
  return {
    bytesPerSecond,
    delayMs,
    queueBytes: said.queueBytes ?? Math.max(LEAST_QUEUE_BYTES, limited),
  };
}

/** A turn is short, so that many connections look as if they flowed at once: 1 ms of the line. */
const LEAST_SEGMENT_BYTES = 8_192;
const SEGMENT_SECONDS = 0.001;
/** A timer that is late may be made up for by this much; a busy machine is later than that at times. */
const CATCH_UP_SECONDS = 0.1;
const TICK_MS = 2;

/**
 * One direction of a slow network: a token bucket over all flows, then a delay. The bucket fills
 * with time while somebody waits, never while the line is idle, so an idle line saves no burst up.
 */
export class Link {
  #limits: LinkLimits;
  #backlog: Flow[] = [];
  #budget = 0;
  #filledAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: LinkLimits) {
    this.#limits = limits;
  }

  get limits(): LinkLimits {
    return this.#limits;
  }

  /** Changes what the line allows, also for what waits on it; bytes under way keep their delay. */
  change(limits: Partial<LinkLimits>): void {
    this.#limits = { ...this.#limits, ...limits };
    this.#budget = 0;
    this.#filledAt = performance.now();
    this.#send();
  }

  /** What a connection may have on the line before its sender is paused: the pipe plus its queue. */
  get capacityBytes(): number {
    const { bytesPerSecond, delayMs, queueBytes } = this.#limits;
    if (bytesPerSecond === Infinity) return delayMs === 0 ? queueBytes : MOST_FLYING_BYTES;
    return queueBytes + (bytesPerSecond * delayMs) / 1000;
  }

  /** `flow` has bytes that wait for the line. */
  offer(flow: Flow): void {
    if (this.#backlog.length === 0) this.#filledAt = performance.now();
    if (!this.#backlog.includes(flow)) this.#backlog.push(flow);
    if (this.#timer === undefined) this.#send();
  }

  /** `flow` has nothing to send any more. */
  forget(flow: Flow): void {
    this.#backlog = this.#backlog.filter((other) => other !== flow);
  }

  close(): void {
    this.#backlog = [];
    clearTimeout(this.#timer);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#fill();
    const segment = Math.max(LEAST_SEGMENT_BYTES, this.#limits.bytesPerSecond * SEGMENT_SECONDS);
    while (this.#backlog.length > 0 && this.#budget >= 1) {
      const flow = this.#backlog.shift()!;
      this.#budget -= flow.depart(Math.min(segment, Math.floor(this.#budget)));
      if (flow.waitingBytes > 0) this.#backlog.push(flow);
    }
    if (this.#backlog.length > 0) this.#timer = setTimeout(() => this.#send(), this.#untilNext());
  }

  #fill(): void {
    const now = performance.now();
    const { bytesPerSecond } = this.#limits;
    if (bytesPerSecond === Infinity) this.#budget = Infinity;
    else {
      const grown = this.#budget + ((now - this.#filledAt) / 1000) * bytesPerSecond;
      this.#budget = Math.min(grown, Math.max(1, bytesPerSecond * CATCH_UP_SECONDS));
    }
    this.#filledAt = now;
  }

  /** Until the next tick, or until one byte may pass where that takes longer. */
  #untilNext(): number {
    return Math.max(TICK_MS, ((1 - this.#budget) / this.#limits.bytesPerSecond) * 1000);
  }
}
