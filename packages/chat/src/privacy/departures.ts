import type { Clock } from "@warren/host";
import { steadily } from "../leases/steadily.ts";
import { WITH_HINTS_MS } from "../live/tail-watch.ts";
import type { Erasures } from "./ports.ts";

export interface DeparturesOptions {
  /** Closes what a user has open on this instance, for good. */
  close: (userId: string) => void;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

export interface ErasuresWatch {
  erasures: Pick<Erasures, "usersSince">;
  clock: Clock;
  /** It could not be looked. */
  failed: (cause: unknown) => void;
}

/** What was asked for this long ago was seen, whatever the instances' clocks say. */
const BACK_MS = 300_000;
const USERS = 1_000;
const eachLook = () => WITH_HINTS_MS;

/**
 * Users who are to leave this instance, since their data is erased or is another's. It is heard of here, by a hint
 * and in the store, and done once: who comes back afterwards may stay.
 */
export class Departures {
  readonly #options: DeparturesOptions;
  readonly #known = new Map<string, number>();

  constructor(options: DeparturesOptions) {
    this.#options = options;
  }

  /** `sinceMs`: when it was asked for, by the clock of whoever was asked. */
  depart(userId: string, sinceMs: number): void {
    const name = `${sinceMs} ${userId}`;
    if (this.#known.has(name)) return;
    this.#known.set(name, sinceMs);
    this.#options.close(userId);
  }

  /**
   * Sees in the store whose data is erased, on whichever instance it was asked for, also where hints are lost or
   * there are none.
   */
  watch({ erasures, clock, failed }: ErasuresWatch): AsyncDisposable {
    const closing = new AbortController();
    const { signal } = closing;
    const watching = steadily({ clock, everyMs: eachLook, signal, failed }, () =>
      this.#look(erasures),
    );
    return {
      async [Symbol.asyncDispose]() {
        closing.abort();
        await watching;
      },
    };
  }

  async #look(erasures: ErasuresWatch["erasures"]): Promise<void> {
    const from = this.#options.wallClock() - BACK_MS;
    for (const { userId, sinceMs } of await erasures.usersSince(from, USERS)) {
      this.depart(userId, sinceMs);
    }
    for (const [name, sinceMs] of this.#known) if (sinceMs < from) this.#known.delete(name);
  }
}
