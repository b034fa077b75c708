import type { Clock, Random } from "@warren/tunnel";

const AGAIN_MS = 240_000;
const RESUMED_MS = 60_000;

export interface RefreshOptions {
  clock: Clock;
  random: Random;
  /** Says everything. */
  say: () => void;
}

/**
 * When a gateway is told everything again though nothing is known to be wrong there: every four minutes,
 * and within a minute of a resume (docs/decisions/0464). An uplink that flaps puts nothing off, and has
 * nothing said more than once a minute, however often it does.
 */
export class Refresh {
  readonly #options: RefreshOptions;
  #saidAt = -Infinity;
  #dueAt = Infinity;
  /** What was to be waited for when the tunnel went down. */
  #leftMs = Infinity;
  #cancel: () => void = () => {};

  constructor(options: RefreshOptions) {
    this.#options = options;
  }

  /** Everything has just been said. */
  said(): void {
    this.#saidAt = this.#options.clock.now();
    this.#arm(this.#saidAt + AGAIN_MS);
  }

  /**
   * At a time of its own in the minute: many that lost one uplink are no stampede when it is back. What
   * was to come within the minute comes when it was, or after what was left of its wait: an uplink that
   * is up for moments has it, too.
   */
  resumed(): void {
    const { clock, random } = this.#options;
    const now = clock.now();
    const dueAt = this.#dueAt > now ? this.#dueAt : now + this.#leftMs;
    const isSoon = dueAt <= now + RESUMED_MS;
    const inTheMinute = now + RESUMED_MS * random();
    this.#arm(isSoon ? dueAt : Math.max(inTheMinute, this.#saidAt + RESUMED_MS));
  }

  /** The tunnel is down, or another agent speaks. */
  pause(): void {
    const leftMs = this.#dueAt - this.#options.clock.now();
    // Else it came due already, perhaps in an outage that began before.
    if (leftMs > 0) this.#leftMs = leftMs;
    this.#cancel();
  }

  #arm(dueAt: number): void {
    const { clock, say } = this.#options;
    this.#dueAt = dueAt;
    this.#cancel();
    this.#cancel = clock.after(dueAt - clock.now(), say);
  }
}
