import { SLOW_BYTES } from "./front-context.ts";

/** Tells whether a peer that should be sending does: at least 1 KiB in each window of time. */
export class SlowWatch {
  #since: number;
  #bytes = 0;

  constructor(nowMs: number) {
    this.#since = nowMs;
  }

  passed(bytes: number): void {
    this.#bytes += bytes;
  }

  /** What comes from now on counts, and `bytes` that have come. */
  restart(nowMs: number, bytes: number): void {
    this.#since = nowMs;
    this.#bytes = bytes;
  }

  isSlow(nowMs: number, windowMs: number): boolean {
    if (nowMs - this.#since < windowMs) return false;
    const slow = this.#bytes < SLOW_BYTES;
    this.restart(nowMs, 0);
    return slow;
  }
}
