import type { LeaseMark } from "./ports.ts";

export interface StillWatchOptions {
  /** A lease whose counter stood still for so long has lost its holder. */
  leaseMs: number;
  /** Between looks that are further apart nobody watched: that time does not count. */
  mostGapMs: number;
}

/**
 * Which holders are gone, by this observer's monotonic clock alone. What was not watched, as while the
 * store was away or this process slept, counts for nobody's end: their writes may have been waiting too.
 */
export class StillWatch {
  readonly #options: StillWatchOptions;
  #still = new Map<string, { beat: number; term: number; forMs: number }>();
  #lookedMs: number | undefined;

  constructor(options: StillWatchOptions) {
    this.#options = options;
  }

  /** All leases of a kind as they are now; those of them that are over. */
  look<L extends LeaseMark>(leases: readonly L[], nowMs: number): L[] {
    const { leaseMs, mostGapMs } = this.#options;
    const gapMs = nowMs - (this.#lookedMs ?? nowMs);
    const watchedMs = gapMs > mostGapMs ? 0 : gapMs;
    this.#lookedMs = nowMs;
    const before = this.#still;
    this.#still = new Map();
    return leases.filter((lease) => {
      const { beat, term } = lease;
      const was = before.get(keyOf(lease));
      const isStill = was !== undefined && was.beat === beat && was.term === term;
      const forMs = isStill ? was.forMs + watchedMs : 0;
      this.#still.set(keyOf(lease), { beat, term, forMs });
      return forMs >= leaseMs;
    });
  }
}

function keyOf({ kind, userId, name }: LeaseMark): string {
  return JSON.stringify([kind, userId, name]);
}
