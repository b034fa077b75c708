import type { Clock } from "@warren/host";

export interface Bound {
  clock: Clock;
  signal: AbortSignal;
  ms: number;
}

/**
 * What `run` gives, or a rejection once `ms` have passed or the signal aborts: also where it waits for what heeds
 * no signal, as a name that no DNS server answers for.
 */
export async function bounded<T>(
  { clock, signal, ms }: Bound,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const over = Promise.withResolvers<never>();
  const either = AbortSignal.any([signal, late.signal]);
  either.addEventListener("abort", () => over.reject(either.reason), { once: true });
  const forget = clock.after(ms, () => late.abort(new Error(`no answer within ${ms / 1_000} s`)));
  try {
    signal.throwIfAborted();
    return await Promise.race([run(either), over.promise]);
  } finally {
    forget();
  }
}
