import type { SessionRow } from "../log/session-row.ts";

/** The numbers of a row by which it is filtered, sorted and summed: whole, so that sums are exact. */
export interface Figures {
  readonly startMs: number;
  /** Undefined while it goes on; never before the start. */
  readonly endMs: number | undefined;
  readonly lastActivityMs: number;
  readonly messageCount: number;
  readonly totalTokens: number;
  readonly adminAssisted: boolean;
  readonly helpOpen: boolean;
  /** Billionths of the currency. */
  readonly costNanos: number;
  /** Mean time of its answers, in microseconds; undefined: there was none. */
  readonly meanMicros: number | undefined;
  readonly maxMicros: number;
}

const NANOS = 1_000_000_000;
const MICROS_PER_MS = 1_000;

export function figuresOf(row: SessionRow): Figures {
  const { count, sumMs, maxMs } = row.answers;
  const startMs = whole(row.startMs);
  return {
    startMs,
    endMs: row.endMs === undefined ? undefined : Math.max(startMs, whole(row.endMs)),
    lastActivityMs: whole(row.lastActivityMs),
    messageCount: whole(row.messageCount),
    totalTokens: whole(row.totalTokens),
    adminAssisted: row.adminAssisted,
    helpOpen: row.help.isOpen,
    costNanos: whole(row.cost * NANOS),
    meanMicros: count > 0 ? whole((sumMs / count) * MICROS_PER_MS) : undefined,
    maxMicros: count > 0 ? whole(maxMs * MICROS_PER_MS) : 0,
  };
}

export function currencyOf(nanos: number): number {
  return nanos / NANOS;
}

export function msOf(micros: number): number {
  return micros / MICROS_PER_MS;
}

/** A column refuses anything else, and with it all that is written in the same transaction. */
function whole(number: number): number {
  if (!(number > 0)) return 0;
  return Math.min(Math.round(number), Number.MAX_SAFE_INTEGER);
}
