import type { Clock } from "./ports.ts";
import type { Pool } from "./pool.ts";
import type { MuxStream } from "./stream.ts";

/** Bytes of an ended stream that nobody reported on for so long are counted as gone. */
const LOOK_MS = 60_000;

/**
 * Streams that are over while their consumer still holds more of their bytes than the floor: a client
 * that reads slowly, or not at all. What they borrowed stays borrowed until the bytes have left,
 * or else many such clients would hold any number of pools.
 */
export class Leftovers {
  readonly #pool: Pool;
  readonly #clock: Clock;
  /** What each held when it was last looked at. */
  readonly #streams = new Map<MuxStream, number>();
  #cancel: (() => void) | undefined;

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  add(stream: MuxStream): void {
    if (!stream.window.borrows) return;
    this.#streams.set(stream, stream.window.unconsumedBytes);
    this.#cancel ??= this.#clock.after(LOOK_MS, this.#look);
  }

  /** Some of its bytes have left. */
  left(stream: MuxStream): void {
    if (!stream.window.borrows) this.#streams.delete(stream);
  }

  close(): void {
    this.#cancel?.();
    for (const stream of this.#streams.keys()) stream.window.close(this.#pool);
    this.#streams.clear();
  }

  /** An owner that died without a word must not keep a pool for ever. */
  readonly #look = (): void => {
    this.#cancel = undefined;
    for (const [stream, before] of this.#streams) {
      const now = stream.window.unconsumedBytes;
      this.#streams.set(stream, now);
      if (now !== before) continue;
      stream.window.close(this.#pool);
      this.#streams.delete(stream);
    }
    if (this.#streams.size > 0) this.#cancel = this.#clock.after(LOOK_MS, this.#look);
  };
}
