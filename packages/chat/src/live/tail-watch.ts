import { type Clock, untilClosed } from "@warren/host";
import { steadily } from "../leases/steadily.ts";
import type { Entry } from "../log/entry.ts";
import type { MessageLog } from "../log/ports.ts";

/** How often the log is looked at for what hints have not told; without hints more often. */
export const WITH_HINTS_MS = 2_000;
export const WITHOUT_HINTS_MS = 1_000;
const PAGE = 500;

export interface TailWatchOptions {
  log: MessageLog;
  clock: Clock;
  /** False while hints are not heard. */
  hasHints: () => boolean;
  /** An entry that the store got, from whichever instance; it may come twice. */
  seen: (entry: Entry) => void;
  /** The log could not be read: the next look goes on where this one began. */
  failed: (cause: unknown) => void;
}

/** Looks at all that the store gets, so that what hints have lost is late and no more. */
export function watchTail(options: TailWatchOptions): AsyncDisposable {
  return untilClosed((signal) => watch(options, signal));
}

function watch(options: TailWatchOptions, signal: AbortSignal): Promise<void> {
  const { clock, hasHints, failed } = options;
  const everyMs = () => (hasHints() ? WITH_HINTS_MS : WITHOUT_HINTS_MS);
  let cursor: string | undefined;
  return steadily({ clock, everyMs, signal, failed }, async () => {
    cursor = await look(options, cursor, signal);
  });
}

async function look(
  { log, seen }: TailWatchOptions,
  from: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  for (let cursor = from; ;) {
    const tail = await log.tail(cursor, PAGE);
    for (const entry of tail.entries) seen(entry);
    if (tail.entries.length < PAGE || signal.aborted) return tail.cursor;
    ({ cursor } = tail);
  }
}
