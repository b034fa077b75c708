import type { Contender, Stage } from "./contender.ts";

export interface Effort {
  /** How long a load lasts. */
  seconds: number;
  /** 1 in a real run, less in a quick one that only shows that all works. */
  share: number;
}

/** Numbers by name; their units are in the names. */
export type Sample = Readonly<Record<string, number>>;

/** One way of looking at a contender. Throws on any answer that is not the right one. */
export interface Measure {
  name: string;
  /** Programs that it runs, beside the origin's. */
  tools?: readonly string[];
  sample(contender: Contender, stage: Stage, effort: Effort): Promise<Sample>;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Nearest rank of values in any order. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
