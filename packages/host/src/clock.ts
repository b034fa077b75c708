import { randomBytes } from "node:crypto";

/** Time as a part of the program sees it; tunnel's port of the same name fits. */
export interface Clock {
  /** Milliseconds, monotonic, fractions allowed. */
  now(): number;
  /** Runs `task` once after `ms`; the returned function forgets it. Never keeps a process alive. */
  after(ms: number, task: () => void): () => void;
}

/** setTimeout fires at once for anything longer (Node, timers: 2^31 - 1 ms, about 25 days). */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The process's monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, task) {
    if (ms > LONGEST_TIMER_MS) return afterLong(ms, task);
    const timer = setTimeout(task, Math.ceil(ms));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A token may expire in a year: waits in stretches that a timer can hold. */
function afterLong(ms: number, task: () => void): () => void {
  let forget = systemClock.after(LONGEST_TIMER_MS, () => {
    forget = systemClock.after(ms - LONGEST_TIMER_MS, task);
  });
  return () => forget();
}

/** Epoch milliseconds. For what people and other machines read; never for deadlines. */
export function wallClock(): number {
  return Date.now();
}

/** Runs `task` at the end of this turn of the event loop, after the I/O that is at hand. */
export function endOfTurn(task: () => void): void {
  setImmediate(task);
}

/** Waits `ms`. Resolves true when they have passed, false as soon as `signal` aborts. */
export function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const aborted = () => {
      forget();
      resolve(false);
    };
    const forget = clock.after(ms, () => {
      signal.removeEventListener("abort", aborted);
      resolve(true);
    });
    signal.addEventListener("abort", aborted, { once: true });
  });
}

/** `bytes` of the operating system's randomness as text that fits in a URL. */
export function randomId(bytes: number, encoding: "base64url" | "hex" = "base64url"): string {
  return randomBytes(bytes).toString(encoding);
}
