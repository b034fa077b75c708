/** Begins work in the background, which must not reject. Disposing tells it to end, and waits until it has. */
export function untilClosed(work: (signal: AbortSignal) => Promise<void>): AsyncDisposable {
  const closing = new AbortController();
  const working = work(closing.signal);
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await working;
    },
  };
}
