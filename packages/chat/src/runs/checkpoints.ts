import { wait, type Clock } from "@warren/host";
import type { HeldRun } from "./held-run.ts";
import type { Run } from "./run.ts";

/** How often running text is kept, and how late a stop is seen that no hint told of. */
export const CHECKPOINT_MS = 1_000;

export interface CheckpointsOptions {
  clock: Clock;
  run: Run;
  held: HeldRun;
  /** What viewers have got of it is kept. */
  kept: () => void;
  /** It could not be kept: the next one has all of it. */
  failed: (cause: unknown) => void;
}

/**
 * Keeps what viewers got of a run: its first text at once, so that nobody begins anew what somebody has
 * read, then every second. Ends the run where that is wanted, or where another instance has it by now.
 */
export class Checkpoints implements AsyncDisposable {
  readonly #options: CheckpointsOptions;
  readonly #closing = new AbortController();
  readonly #keeping: Promise<void>;
  #keepNow = Promise.withResolvers<void>();

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#keeping = this.#keep();
  }

  /** The run's first text was told. */
  begun(): void {
    this.#keepNow.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#keeping;
  }

  async #keep(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    const over = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    for (let first: Promise<void> | undefined = this.#keepNow.promise; !signal.aborted;) {
      const tick = new AbortController();
      const waited = wait(clock, CHECKPOINT_MS, tick.signal).then(() => "tick" as const);
      const told = first?.then(() => "told" as const) ?? new Promise<never>(() => {});
      const why = await Promise.race([waited, told, over]);
      tick.abort();
      if (why === "told") first = undefined;
      if (!signal.aborted) await this.#checkpoint();
    }
  }

  async #checkpoint(): Promise<void> {
    const { run, held, kept, failed } = this.#options;
    try {
      const standing = await held.checkpoint(run.state, run.ranMs);
      kept();
      if (standing === "stop") run.end("stopped");
      if (standing === "lost") run.lose();
    } catch (cause) {
      failed(cause);
    }
  }
}
