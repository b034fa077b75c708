import type { Clock } from "@warren/tunnel";

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** What has not been dialled for so long starts anew. */
const FORGET_MS = 600_000;
const MOST = 50_000;

interface Trouble {
  failures: number;
  asideUntil: number;
}

/** One address as one cluster names it: what one cluster says of an address is no matter of another's. */
export interface Place {
  clusterUuid: string;
  address: string;
  port: number;
}

/** Which addresses are put aside because nobody answered there; each for longer than before. */
export class AddressHealth {
  readonly #clock: Pick<Clock, "now">;
  readonly #troubles = new Map<string, Trouble>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  isAside(place: Place): boolean {
    if (this.#troubles.size === 0) return false;
    const trouble = this.#troubles.get(keyOf(place));
    return trouble !== undefined && trouble.asideUntil > this.#clock.now();
  }

  failed(place: Place): void {
    const now = this.#clock.now();
    const key = keyOf(place);
    const failures = (this.#troubles.get(key)?.failures ?? 0) + 1;
    if (this.#troubles.size >= MOST) this.#sweep(now);
    const asideMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
    this.#troubles.set(key, { failures, asideUntil: now + asideMs });
  }

  answered(place: Place): void {
    if (this.#troubles.size > 0) this.#troubles.delete(keyOf(place));
  }

  #sweep(now: number): void {
    for (const [key, { asideUntil }] of this.#troubles)
      if (asideUntil + FORGET_MS <= now) this.#troubles.delete(key);
    // Full of fresh ones: forgetting costs at most a dial each.
    if (this.#troubles.size >= MOST) this.#troubles.clear();
  }
}

function keyOf({ clusterUuid, address, port }: Place): string {
  return `${clusterUuid} ${address} ${port}`;
}
