import type { Flow, Span } from "../../sessions/hours.ts";
import type { Summed } from "./session-document.ts";

/** Sums of what began in a span of time and of what ended in it: whole numbers. */
export interface SpanSums extends Omit<Flow, keyof Span> {
  /** Of those that began in it. */
  active: number;
  tokens: number;
  costNanos: number;
  meanMicros: number;
  answered: number;
  maxMicros: number;
  assisted: number;
  starts: number;
  startLeftMs: number;
  ends: number;
  endLeftMs: number;
}

export function noSums(): SpanSums {
  return {
    active: 0,
    tokens: 0,
    costNanos: 0,
    meanMicros: 0,
    answered: 0,
    maxMicros: 0,
    assisted: 0,
    starts: 0,
    startLeftMs: 0,
    ends: 0,
    endLeftMs: 0,
  };
}

/** `toMs`: the end of the span. */
export function addStart(sums: SpanSums, begun: Summed, toMs: number): void {
  sums.starts += 1;
  sums.startLeftMs += toMs - begun.startMs;
  sums.active += begun.endMs === undefined ? 1 : 0;
  sums.tokens += begun.totalTokens;
  sums.costNanos += begun.costNanos;
  sums.meanMicros += begun.meanMicros ?? 0;
  sums.answered += begun.meanMicros === undefined ? 0 : 1;
  sums.maxMicros = Math.max(sums.maxMicros, begun.maxMicros);
  sums.assisted += begun.adminAssisted ? 1 : 0;
}

export function addEnd(sums: SpanSums, endMs: number, toMs: number): void {
  sums.ends += 1;
  sums.endLeftMs += toMs - endMs;
}

/** Of both spans; what was left of each when something began means nothing in the sum. */
export function together(a: SpanSums, b: SpanSums): SpanSums {
  const names = Object.keys(noSums()) as (keyof SpanSums)[];
  const sums = Object.fromEntries(names.map((name) => [name, a[name] + b[name]]));
  return { ...noSums(), ...sums, maxMicros: Math.max(a.maxMicros, b.maxMicros) };
}
