import { wait, type Clock } from "@warren/host";

export interface SteadilyOptions {
  clock: Clock;
  everyMs: () => number;
  signal: AbortSignal;
  /** It failed, for the first time since it worked: the store is away, for example. */
  failed: (cause: unknown) => void;
}

/** Does something at once and then again and again until `signal` aborts, whatever comes of it. Never rejects. */
export async function steadily(
  { clock, everyMs, signal, failed }: SteadilyOptions,
  task: () => Promise<void>,
): Promise<void> {
  let isFailing = false;
  do {
    try {
      await task();
      isFailing = false;
    } catch (cause) {
      if (!isFailing && !signal.aborted) failed(cause);
      isFailing = true;
    }
  } while (await wait(clock, everyMs(), signal));
}
