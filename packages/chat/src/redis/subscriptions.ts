import type { Clock } from "@warren/host";
import { steadily } from "../leases/steadily.ts";
import type { GuardedLink } from "./guarded-link.ts";

export interface SubscriptionsOptions {
  link: Pick<GuardedLink, "subscribe" | "unsubscribe" | "connected">;
  clock: Clock;
  heard: (message: string) => void;
}

/** What fails the guard of the link has said. */
const SAID = () => {};
/** How often what could not be subscribed to is tried again. */
const AGAIN_MS = 1_000;
/** Channels of one command. */
const BATCH = 1_000;

/**
 * The channels that this process hears, kept up with those that it wants: those of one turn of the event
 * loop go in one command, and what failed is tried again until it works or is not wanted any more.
 */
export class Subscriptions implements AsyncDisposable {
  readonly #options: SubscriptionsOptions;
  readonly #wanted = new Set<string>();
  readonly #has = new Set<string>();
  readonly #closing = new AbortController();
  readonly #keeping: Promise<void>;
  #turn: Promise<void> | undefined;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    const { clock, link } = options;
    void link.connected().then(() => this.#soon());
    const { signal } = this.#closing;
    this.#keeping = steadily({ clock, everyMs: () => AGAIN_MS, signal, failed: SAID }, () =>
      this.#sync(),
    );
  }

  /** Resolves once it is heard, or could not be subscribed to now. */
  async add(channel: string): Promise<void> {
    this.#wanted.add(channel);
    await this.#soon();
  }

  remove(channel: string): void {
    this.#wanted.delete(channel);
    void this.#soon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#keeping;
  }

  #soon(): Promise<void> {
    this.#turn ??= new Promise<void>((resolve) => {
      setImmediate(() => {
        this.#turn = undefined;
        // The guard has said what failed, and it is tried again.
        resolve(this.#sync().catch(SAID));
      });
    });
    return this.#turn;
  }

  async #sync(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const { link, heard } = this.#options;
    const lacking = [...this.#wanted].filter((channel) => !this.#has.has(channel));
    const spare = [...this.#has].filter((channel) => !this.#wanted.has(channel));
    for (const channel of lacking) this.#has.add(channel);
    for (const channel of spare) this.#has.delete(channel);
    await Promise.all([
      ...batches(lacking).map((some) => this.#try(some, () => link.subscribe(some, heard))),
      ...batches(spare).map((some) => link.unsubscribe(some, heard).catch(SAID)),
    ]);
  }

  async #try(channels: readonly string[], task: () => Promise<unknown>): Promise<void> {
    try {
      await task();
    } catch (cause) {
      for (const channel of channels) this.#has.delete(channel);
      throw cause;
    }
  }
}

function batches(all: readonly string[]): string[][] {
  const count = Math.ceil(all.length / BATCH);
  return Array.from({ length: count }, (_, at) => all.slice(at * BATCH, (at + 1) * BATCH));
}
