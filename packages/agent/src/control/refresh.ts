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
  #dueAt = 0;
  #cancel: () => void = () => {};

  constructor(options: RefreshOptions) {
    this.#options = options;
  }

  /** Everything has just been said. */
  said(): void {
    this.#saidAt = this.#options.clock.now();
    this.#arm(this.#saidAt + AGAIN_MS);
  }

  /** At a time of its own in the minute: many that lost one uplink are no stampede when it is back. */
  resumed(): void {
    const { clock, random } = this.#options;
    const now = clock.now();
    // What came due meanwhile did so for many at once.
    const isSoon = this.#dueAt > now && this.#dueAt <= now + RESUMED_MS;
    const inTheMinute = now + RESUMED_MS * random();
    this.#arm(isSoon ? this.#dueAt : Math.max(inTheMinute, this.#saidAt + RESUMED_MS));
  }

  /** The tunnel is down, or another agent speaks. */
  pause(): void {
    this.#cancel();
  }

  #arm(dueAt: number): void {
    const { clock, say } = this.#options;
    this.#dueAt = dueAt;
    this.#cancel();
    this.#cancel = clock.after(dueAt - clock.now(), say);
  }
}
