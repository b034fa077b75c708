import { backoff, wait, type Clock } from "@warren/host";
import { ChatError } from "@warren/wire";

export interface PatienceOptions {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** It makes no sense any more. */
  signal: AbortSignal;
}

const WAITS = { firstMs: 100, capMs: 5_000, heldMs: Infinity };

/** Does what must be done, again and again while the store is away. Rejects with anything else at once. */
export async function patiently<T>(
  { clock, random, signal }: PatienceOptions,
  task: () => Promise<T>,
): Promise<T> {
  const waits = backoff({ ...WAITS, random });
  for (;;) {
    try {
      return await task();
    } catch (reason) {
      if (ChatError.from(reason).code !== "DATABASE_ERROR") throw reason;
      if (!(await wait(clock, waits.next(), signal))) throw reason;
    }
  }
}
