import { FLOOR_BYTES } from "@warren/wire";
import type { Clock } from "./ports.ts";
import type { MuxStream } from "./stream.ts";

/** How often credit that lies unused is looked for. */
const SWEEP_MS = 5_000;

/**
 * Streams that were given more credit than their floor. One that sent nothing between two sweeps
 * gives the rest back, so that a pool is not held by streams gone quiet.
 */
export class IdleCredit {
  readonly #rich = new Set<MuxStream>();
  readonly #clock: Clock;
  readonly #giveBack: (stream: MuxStream, bytes: number) => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, giveBack: (stream: MuxStream, bytes: number) => void) {
    this.#clock = clock;
    this.#giveBack = giveBack;
  }

  start(): void {
    this.#cancel ??= this.#clock.after(SWEEP_MS, this.#sweep);
  }

  watch(stream: MuxStream): void {
    if (stream.credit > FLOOR_BYTES) this.#rich.add(stream);
  }

  forget(stream: MuxStream): void {
    this.#rich.delete(stream);
  }

  close(): void {
    this.#cancel?.();
    this.#rich.clear();
  }

  readonly #sweep = (): void => {
    for (const stream of this.#rich) {
      // An ended direction needs no credit, and what it holds ended with it at the peer.
      if (stream.sendEnded) this.#rich.delete(stream);
      else if (!stream.busy && stream.queuedBytes === 0 && stream.credit > FLOOR_BYTES) {
        const spare = stream.credit - FLOOR_BYTES;
        stream.credit = FLOOR_BYTES;
        this.#giveBack(stream, spare);
      }
      if (stream.credit <= FLOOR_BYTES) this.#rich.delete(stream);
      stream.busy = false;
    }
    this.#cancel = this.#clock.after(SWEEP_MS, this.#sweep);
  };
}
