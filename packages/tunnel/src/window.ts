import { FLOOR_BYTES } from "@warren/wire";
import type { Pool } from "./pool.ts";

/** First growth, given as soon as a stream has shown that its consumer takes bytes. */
const FIRST_GROWTH_BYTES = 131_072;
/** No window is larger, whatever was measured. */
export const MAX_WINDOW_BYTES = 16 * 1_048_576;
/**
 * Credit is announced by this part of the window, or by half a floor: fewer frames. With large parts a
 * round trip would end before all that it brought is counted, and the window would grow slower than
 * the path allows.
 */
const STEP = 1 / 16;
const LEAST_STEP_BYTES = FLOOR_BYTES / 2;
/**
 * Windows aim at so many times (consumption rate x RTT): the bound on bytes in flight lets a queue of
 * about one RTT stand, some of a window is credit not yet given, and there is room to find out
 * that more would flow. With less, windows decide who sends instead of turns, and are unfair.
 */
const GAIN = 4;

/**
 * Credit that one direction of one stream has given to its peer. Invariants:
 *
 * W1. outstanding = `receivable` (given, not yet used) + `unconsumed` (arrived, still here).
 * W2. outstanding never exceeds max(FLOOR, window): what is held above FLOOR is borrowed from the pool.
 * W3. The window grows only when bytes were consumed: a consumer that never reads stays at the floor.
 */
export class Window {
  /** Bytes that the peer may still send. */
  receivable = FLOOR_BYTES;
  #unconsumed = 0;
  #size = FLOOR_BYTES;
  #borrowed = 0;
  #epochBytes = 0;
  #epochAt = -1;
  #over = false;

  get sizeBytes(): number {
    return this.#size;
  }
  get unconsumedBytes(): number {
    return this.#unconsumed;
  }
  /** True when more is lent to this stream than its floor. */
  get borrows(): boolean {
    return this.#borrowed > 0;
  }

  /** Bytes arrived. False when the peer had no credit for them. */
  arrived(bytes: number): boolean {
    this.receivable -= bytes;
    this.#unconsumed += bytes;
    return this.receivable >= 0;
  }

  /** Bytes left this process. True when it is time to `grant`. */
  consumed(bytes: number): boolean {
    this.#unconsumed -= bytes;
    this.#epochBytes += bytes;
    const due = this.#size - this.receivable - this.#unconsumed;
    return due >= LEAST_STEP_BYTES && due >= this.#size * STEP;
  }

  /** Credit to announce now; adapts the window first. */
  grant(path: { nowMs: number; rttMs: number; pool: Pool }): number {
    this.#tune(path);
    const give = this.#size - this.receivable - this.#unconsumed;
    this.#settle(path.pool);
    if (give <= 0) return 0;
    this.receivable += give;
    return give;
  }

  /** The peer gave credit back that it does not need. */
  returned(bytes: number, pool: Pool): boolean {
    if (this.#over) return true;
    if (bytes > this.receivable) return false;
    this.receivable -= bytes;
    // A stream gone quiet starts again from what is still out, not from its old size.
    this.#size = Math.max(FLOOR_BYTES, this.receivable + this.#unconsumed);
    this.#settle(pool);
    return true;
  }

  /** The peer's direction is complete: only what has not left this process still counts. */
  ended(pool: Pool): void {
    this.#over = true;
    this.receivable = 0;
    this.#size = FLOOR_BYTES;
    this.#settle(pool);
  }

  /** Bytes left, or were dropped, that earn the peer no credit any more. */
  left(bytes: number, pool: Pool): void {
    this.#unconsumed -= bytes;
    this.#settle(pool);
  }

  /** The stream is over: everything borrowed goes back. */
  close(pool: Pool): void {
    pool.giveBack(this.#borrowed);
    this.#borrowed = 0;
  }

  #tune(path: { nowMs: number; rttMs: number; pool: Pool }): void {
    const { nowMs, rttMs, pool } = path;
    if (this.#epochAt < 0) {
      this.#epochAt = nowMs;
      this.#epochBytes = 0;
      this.#grow(FIRST_GROWTH_BYTES, pool);
      return;
    }
    const elapsed = nowMs - this.#epochAt;
    if (elapsed < rttMs) return;
    const target = Math.min(MAX_WINDOW_BYTES, (GAIN * this.#epochBytes * rttMs) / elapsed);
    this.#epochAt = nowMs;
    this.#epochBytes = 0;
    if (target > this.#size) this.#grow(target, pool);
    else if (target * 2 < this.#size) this.#size = Math.max(FLOOR_BYTES, Math.ceil(target));
  }

  #grow(target: number, pool: Pool): void {
    const spare = this.#borrowed - (this.#size - FLOOR_BYTES);
    const lent = pool.borrow(Math.max(0, Math.ceil(target) - this.#size - spare));
    this.#borrowed += lent;
    this.#size = Math.min(Math.ceil(target), FLOOR_BYTES + this.#borrowed);
  }

  /** Gives back what neither the window nor what is outstanding needs (W2). */
  #settle(pool: Pool): void {
    const outstanding = this.receivable + this.#unconsumed;
    const spare = this.#borrowed - (Math.max(this.#size, outstanding) - FLOOR_BYTES);
    if (spare <= 0) return;
    this.#borrowed -= spare;
    pool.giveBack(spare);
  }
}
