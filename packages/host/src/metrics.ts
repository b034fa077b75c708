import { collectDefaultMetrics, Registry, type Metric } from "prom-client";
import {
  CounterFamily,
  GaugeFamily,
  HistogramFamily,
  type Counter,
  type Declaration,
  type Family,
  type Gauge,
  type Histogram,
  type HistogramDeclaration,
} from "./metric-family.ts";

export type { Counter, Declaration, Family, Gauge, Histogram, HistogramDeclaration };

/**
 * Where a part of the program counts. Passed in, never global. A family is declared once with its
 * label names; `family.with(...values)` gives the child for those values, which is kept by whoever
 * counts often: `add` and `observe` on a child touch a number and build nothing.
 */
export interface Metrics {
  counter(declared: Declaration): Family<Counter>;
  gauge(declared: Declaration): Family<Gauge>;
  histogram(declared: HistogramDeclaration): Family<Histogram>;
  /** Runs `task` before each exposition: for gauges that are read rather than kept. */
  onCollect(task: () => void): void;
  /** Text exposition (Prometheus text format 0.0.4). */
  text(): Promise<string>;
  readonly contentType: string;
  /** Every family declared so far, for the documentation's test. */
  readonly declared: readonly Declaration[];
}

/** Metrics in `registry`, which must not be prom-client's global one. */
export function promMetrics(registry: Registry = new Registry()): Metrics {
  const declared: Declaration[] = [];
  const tasks: (() => void)[] = [];
  const keep = <F extends { name: string }>(family: F, declaration: Declaration): F => {
    // prom-client asks a registered metric for nothing but `name` and `get()`; its types ask for
    // its own classes, whose `inc` hashes a label object each time.
    registry.registerMetric(family as unknown as Metric);
    declared.push(declaration);
    return family;
  };
  return {
    counter: (declaration) => keep(new CounterFamily(declaration), declaration),
    gauge: (declaration) => keep(new GaugeFamily(declaration), declaration),
    histogram: (declaration) => keep(new HistogramFamily(declaration), declaration),
    onCollect: (task) => void tasks.push(task),
    async text() {
      for (const task of tasks) task();
      return registry.metrics();
    },
    contentType: registry.contentType,
    declared,
  };
}

/** Adds what prom-client knows of the process itself: CPU, memory, event-loop lag, collections. */
export function processMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
}

/** The metrics of a process: its own, and whatever its parts declare. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  processMetrics(registry);
  return promMetrics(registry);
}
