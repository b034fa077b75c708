import { wait, type Clock } from "@warren/host";
import { crowded } from "./failures.ts";

export interface Chance {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
}

/** Each lost race means that another writer won: of fifty at once the last has lost 49. */
const ATTEMPTS = 120;
const LONGEST_WAIT_MS = 50;

/**
 * Tries until `once` has an answer; undefined: somebody was faster, what it looked at has changed. Waits a
 * little longer each time, by chance, or those who race would go on meeting. Rejects when it never comes.
 */
export async function untilDecided<T>(
  { clock, random }: Chance,
  signal: AbortSignal,
  once: () => Promise<T | undefined>,
): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const most = Math.min(LONGEST_WAIT_MS, 2 ** attempt);
    if (attempt > 0) await wait(clock, random() * most, signal);
    signal.throwIfAborted();
    const decided = await once();
    if (decided !== undefined) return decided;
  }
  throw crowded();
}
