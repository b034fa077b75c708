import type { Document } from "mongodb";
import type { SessionRow } from "../../log/session-row.ts";
import type { Versions } from "../../log/versions.ts";
import { figuresOf, type Figures } from "../../sessions/figures.ts";
import { traitsOf } from "../../sessions/list-plan.ts";
import { NO_END } from "../../sessions/order.ts";
import { byCodePoint } from "../../sessions/code-points.ts";
import { sessionRow, storedRow } from "../stored-row.ts";

/** A session's row: what lists and sums need as fields of their own, all of it as text. */
export interface SessionDocument extends Document {
  user_id: string;
  session_id: string;
  /** By which a fold knows whether it is still the one that it was made from. */
  versions: string;
  row: string;
  start_time: Date;
  /** Null while it goes on. */
  end_time: Date | null;
  /** The same to sort by: `NO_END` while it goes on. */
  ended_ms: number;
  last_activity: Date;
  message_count: number;
  total_tokens: number;
  duration_ms: number | null;
  admin_assisted: boolean;
  /** `traitsOf`: the filters that are yes or no, as one number. */
  traits: number;
  cost_nanos: number;
  mean_micros: number | null;
  max_micros: number;
}

export function documentOfRow(row: SessionRow): SessionDocument {
  const figures = figuresOf(row);
  const { startMs, endMs } = figures;
  return {
    user_id: row.userId,
    session_id: row.sessionId,
    versions: versionsText(row.versions),
    row: storedRow(row).row,
    start_time: dateOf(startMs),
    end_time: endMs === undefined ? null : dateOf(endMs),
    ended_ms: endMs ?? NO_END,
    last_activity: dateOf(figures.lastActivityMs),
    message_count: figures.messageCount,
    total_tokens: figures.totalTokens,
    duration_ms: endMs === undefined ? null : endMs - startMs,
    admin_assisted: figures.adminAssisted,
    traits: traitsOf(figures),
    cost_nanos: figures.costNanos,
    mean_micros: figures.meanMicros ?? null,
    max_micros: figures.maxMicros,
  };
}

export function rowOf(document: SessionDocument): SessionRow {
  const { user_id: userId, session_id: sessionId, versions, row } = document;
  const stored = JSON.stringify(versionsIn(versions));
  return sessionRow({ userId, sessionId, versions: stored, row });
}

/** The same for the same versions, in whatever order they are. */
export function versionsText(versions: Versions): string {
  const pairs = Object.entries(versions).filter(([, number]) => number > 0);
  return JSON.stringify(pairs.toSorted(([a], [b]) => byCodePoint(a, b)));
}

/** What `versionsText` wrote. */
export function versionsIn(text: string): Versions {
  return Object.fromEntries(JSON.parse(text) as [string, number][]);
}

/** What sums need of a document. */
export const SUMMED = {
  _id: 0,
  start_time: 1,
  ended_ms: 1,
  total_tokens: 1,
  admin_assisted: 1,
  cost_nanos: 1,
  mean_micros: 1,
  max_micros: 1,
} as const;

export type Summed = Omit<Figures, "lastActivityMs" | "messageCount" | "helpOpen">;

export function summedOf(document: SessionDocument): Summed {
  return {
    startMs: document.start_time.getTime(),
    endMs: document.ended_ms === NO_END ? undefined : document.ended_ms,
    totalTokens: document.total_tokens,
    adminAssisted: document.admin_assisted,
    costNanos: document.cost_nanos,
    meanMicros: document.mean_micros ?? undefined,
    maxMicros: document.max_micros,
  };
}

/** The last moment that a Date can say (ECMA-262, "Time Values"). */
const LAST_MS = 8.64e15;

export function dateOf(ms: number): Date {
  return new Date(Math.max(-LAST_MS, Math.min(ms, LAST_MS)));
}
