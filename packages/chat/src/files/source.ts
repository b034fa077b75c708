import type { Clock } from "@warren/host";
import { ChatError } from "@warren/wire";

/** `source`, until it gives more than `most` bytes: exactly that many pass. */
export async function* limited(
  source: AsyncIterable<Uint8Array>,
  most: number,
  tooMuch: () => ChatError,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > most) throw tooMuch();
    yield chunk;
  }
}

export interface Patience {
  /** Without a byte. */
  stallMs: number;
  /** In all. */
  longestMs: number;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * `source`, until it stands still, lasts too long, or `signal` aborts. It is left then without waiting
 * for it: whoever owns the connection closes it. A source that breaks off is a ChatError too: it is a
 * client that left, and nothing of ours that failed.
 */
export async function* lively(
  source: AsyncIterable<Uint8Array>,
  { stallMs, longestMs, clock, signal }: Patience,
): AsyncGenerator<Uint8Array> {
  const rest = source[Symbol.asyncIterator]();
  const over = Promise.withResolvers<never>();
  // Nobody may be waiting when it comes.
  over.promise.catch(() => {});
  const slow = (why: string) => over.reject(new ChatError("BAD_REQUEST", `the upload ${why}`));
  const aborted = () => over.reject(brokeOff(signal.reason));
  const forget = clock.after(longestMs, () => slow("took too long"));
  if (signal.aborted) aborted();
  signal.addEventListener("abort", aborted, { once: true });
  try {
    for (;;) {
      const calm = clock.after(stallMs, () => slow("stood still"));
      const given = rest.next().catch((error: unknown) => {
        throw error instanceof ChatError ? error : brokeOff(error);
      });
      const next = await Promise.race([given, over.promise]).finally(calm);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    forget();
    signal.removeEventListener("abort", aborted);
    // A generator that waits for bytes returns only when they come. Whatever it then says comes too late.
    rest.return?.().catch(() => {});
  }
}

/** Its `cause` stays out of the log: sockets end every day. One of our own was ended by us, and says why. */
export function brokeOff(cause: unknown): ChatError {
  if (cause instanceof ChatError) return cause;
  return new ChatError("BAD_REQUEST", "the upload broke off", { cause });
}
