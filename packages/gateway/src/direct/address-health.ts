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

/** Which addresses are put aside because nobody answered there; each for longer than before. */
export class AddressHealth {
  readonly #clock: Pick<Clock, "now">;
  readonly #troubles = new Map<string, Trouble>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** The first that is not aside; undefined when all are. */
  choose(addresses: readonly string[], port: number): string | undefined {
    if (this.#troubles.size === 0) return addresses[0];
    const now = this.#clock.now();
    return addresses.find((address) => {
      const trouble = this.#troubles.get(keyOf(address, port));
      return trouble === undefined || trouble.asideUntil <= now;
    });
  }

  failed(address: string, port: number): void {
    const now = this.#clock.now();
    const key = keyOf(address, port);
    const failures = (this.#troubles.get(key)?.failures ?? 0) + 1;
    if (this.#troubles.size >= MOST) this.#sweep(now);
    const asideMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
    this.#troubles.set(key, { failures, asideUntil: now + asideMs });
  }

  answered(address: string, port: number): void {
    if (this.#troubles.size > 0) this.#troubles.delete(keyOf(address, port));
  }

  #sweep(now: number): void {
    for (const [key, { asideUntil }] of this.#troubles)
      if (asideUntil + FORGET_MS <= now) this.#troubles.delete(key);
    // Full of fresh ones: forgetting costs at most a dial each.
    if (this.#troubles.size >= MOST) this.#troubles.clear();
  }
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`;
}
