import type { Clock, Log, Metrics } from "@warren/host";

/** What the chat takes from its process. */
export interface ChatDeps {
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  metrics: Metrics;
  /** The store's thread is gone: nothing can be said any more. */
  fatal: (cause: unknown) => void;
}
