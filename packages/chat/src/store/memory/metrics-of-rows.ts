import { currencyOf, msOf, type Figures } from "../../sessions/figures.ts";
import type { SessionMetrics } from "../../sessions/ports.ts";
import { HOUR_MS } from "../../sessions/hours.ts";

/** The sums of a window by looking at every session: what roll-ups must come to as well. */
export function metricsOf(all: readonly Figures[], fromMs: number, toMs: number): SessionMetrics {
  const begun = all.filter(({ startMs }) => startMs >= fromMs && startMs <= toMs);
  const means = begun.flatMap(({ meanMicros }) => meanMicros ?? []);
  const end = toMs + 1;
  const hours = piecesOf(all, fromMs, end).map(([from, to]) => onAverage(all, from, to));
  return {
    totalSessions: begun.length,
    activeSessions: begun.filter(({ endMs }) => endMs === undefined).length,
    totalTokens: sum(begun.map(({ totalTokens }) => totalTokens)),
    cost: currencyOf(sum(begun.map(({ costNanos }) => costNanos))),
    avgResponseMs: means.length === 0 ? 0 : msOf(sum(means)) / means.length,
    maxResponseMs: msOf(begun.reduce((most, { maxMicros }) => Math.max(most, maxMicros), 0)),
    adminAssisted: begun.filter(({ adminAssisted }) => adminAssisted).length,
    avgConcurrent: onAverage(all, fromMs, end),
    maxConcurrent: hours.reduce((most, hour) => Math.max(most, hour), 0),
  };
}

/** How many went on at once in `[fromMs, toMs)`. */
function onAverage(all: readonly Figures[], fromMs: number, toMs: number): number {
  const within = ({ startMs, endMs }: Figures) =>
    Math.max(0, Math.min(endMs ?? toMs, toMs) - Math.max(startMs, fromMs));
  return sum(all.map(within)) / (toMs - fromMs);
}

/** `[fromMs, toMs)` cut at each hour in which something begins or ends. */
function piecesOf(all: readonly Figures[], fromMs: number, toMs: number): [number, number][] {
  const cuts = new Set([fromMs, toMs]);
  for (const atMs of all.flatMap(({ startMs, endMs }) => [
    startMs,
    endMs ?? startMs,
    fromMs,
    toMs,
  ])) {
    const hour = Math.floor(atMs / HOUR_MS) * HOUR_MS;
    for (const cut of [hour, hour + HOUR_MS]) if (cut > fromMs && cut < toMs) cuts.add(cut);
  }
  const sorted = [...cuts].toSorted((a, b) => a - b);
  return sorted.slice(1).map((to, at) => [sorted[at]!, to]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
