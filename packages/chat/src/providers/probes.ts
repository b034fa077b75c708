import { wait, type Clock } from "@warren/host";
import type { Guarded } from "./guarded.ts";

export interface ProbeOptions {
  clock: Clock;
  /** Uniform in [0, 1): keeps instances apart. */
  random: () => number;
  /** 0 asks never. */
  everyMs: number;
}

/**
 * Asks each provider now, and then every now and again, whether it could answer: a wrong key is known
 * before somebody is told so (T-48). Stops at `signal`; resolves once nothing of it is under way.
 */
export async function runProbes(
  all: readonly Guarded[],
  { clock, random, everyMs }: ProbeOptions,
  signal: AbortSignal,
): Promise<void> {
  if (everyMs === 0) return;
  const rounds = all.map(async (guarded) => {
    do {
      await guarded.probe(signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    } while (await wait(clock, everyMs * (0.75 + random() / 2), signal));
  });
  await Promise.all(rounds);
}
