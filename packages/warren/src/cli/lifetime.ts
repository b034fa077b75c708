/**
 * Starts something that a signal may interrupt only while it starts: what drains after a signal
 * still dials, so `signal` must not reach into what runs.
 */
export async function startUnder<T>(
  signal: AbortSignal,
  start: (starting: AbortSignal) => Promise<T>,
): Promise<T> {
  const starting = new AbortController();
  const abort = () => starting.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await start(starting.signal);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
