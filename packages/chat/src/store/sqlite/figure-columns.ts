import type { Figures } from "../../sessions/figures.ts";

/** The figures of a session as its table has them. */
export interface StoredFigures {
  start_ms: number;
  end_ms: number | null;
  last_activity_ms: number;
  message_count: number;
  total_tokens: number;
  admin_assisted: number;
  help_open: number;
  cost_nanos: number;
  mean_micros: number | null;
  max_micros: number;
}

/** Both together are indexed: a statement that sets them writes their indexes, changed or not. */
export const TIME_COLUMNS = ["start_ms", "end_ms"];
export const COUNT_COLUMNS = [
  "last_activity_ms",
  "message_count",
  "total_tokens",
  "admin_assisted",
  "help_open",
  "cost_nanos",
  "mean_micros",
  "max_micros",
];
export const FIGURE_COLUMNS = [...TIME_COLUMNS, ...COUNT_COLUMNS].join(", ");

export function timesOf(figures: Figures): (number | null)[] {
  return [figures.startMs, figures.endMs ?? null];
}

export function countsOf(figures: Figures): (number | null)[] {
  return [
    figures.lastActivityMs,
    figures.messageCount,
    figures.totalTokens,
    figures.adminAssisted ? 1 : 0,
    figures.helpOpen ? 1 : 0,
    figures.costNanos,
    figures.meanMicros ?? null,
    figures.maxMicros,
  ];
}

export function figuresIn(stored: StoredFigures): Figures {
  return {
    startMs: stored.start_ms,
    endMs: stored.end_ms ?? undefined,
    lastActivityMs: stored.last_activity_ms,
    messageCount: stored.message_count,
    totalTokens: stored.total_tokens,
    adminAssisted: stored.admin_assisted === 1,
    helpOpen: stored.help_open === 1,
    costNanos: stored.cost_nanos,
    meanMicros: stored.mean_micros ?? undefined,
    maxMicros: stored.max_micros,
  };
}
