/**
 * Families and their children, in the shape that prom-client's registry reads (`name`, `get()`).
 * The numbers live in the children; text is made of them only when somebody asks for it.
 */

export interface Declaration {
  name: string;
  help: string;
  /** Label names, few and of few values: never a host, a path or an id of a request. */
  labels: readonly string[];
}
export interface HistogramDeclaration extends Declaration {
  /** Upper bounds, ascending, without infinity. */
  buckets: readonly number[];
}

export interface Counter {
  /** Adds 1, or `amount`, which is not negative. */
  add(amount?: number): void;
}
export interface Gauge {
  set(value: number): void;
  /** Adds `amount`, which may be negative. */
  add(amount: number): void;
}
export interface Histogram {
  observe(value: number): void;
}

/** All children of one metric. */
export interface Family<Child> {
  readonly name: string;
  /** The child for these label values, in the order of the declaration; made on first use. */
  with(...values: string[]): Child;
  /** Forgets the child, so that a cluster that left leaves no series behind. */
  remove(...values: string[]): void;
}

interface Sample {
  value: number;
  labels: Record<string, string>;
  metricName?: string;
}

abstract class ChildFamily<Child> implements Family<Child> {
  readonly name: string;
  readonly help: string;
  readonly aggregator = "sum";
  abstract readonly type: "counter" | "gauge" | "histogram";
  readonly #labels: readonly string[];
  readonly #children = new Map<string, { labels: Record<string, string>; child: Child }>();

  constructor(declared: Declaration) {
    this.name = declared.name;
    this.help = declared.help;
    this.#labels = declared.labels;
  }

  with(...values: string[]): Child {
    const key = values.join("\u0000");
    const known = this.#children.get(key);
    if (known !== undefined) return known.child;
    if (values.length !== this.#labels.length) {
      throw new RangeError(`${this.name} takes the labels ${this.#labels.join(", ") || "(none)"}`);
    }
    const labels = Object.fromEntries(this.#labels.map((name, i) => [name, values[i] ?? ""]));
    const child = this.open();
    this.#children.set(key, { labels, child });
    return child;
  }

  remove(...values: string[]): void {
    this.#children.delete(values.join("\u0000"));
  }

  /** What prom-client's registry calls at exposition. */
  get(): { name: string; help: string; type: string; aggregator: string; values: Sample[] } {
    const { name, help, type, aggregator } = this;
    const values: Sample[] = [];
    for (const { labels, child } of this.#children.values()) this.sample(child, labels, values);
    return { name, help, type, aggregator, values };
  }

  protected abstract open(): Child;
  protected abstract sample(child: Child, labels: Record<string, string>, into: Sample[]): void;
}

class Value implements Counter, Gauge {
  value = 0;
  add(amount = 1): void {
    this.value += amount;
  }
  set(value: number): void {
    this.value = value;
  }
}

abstract class ValueFamily extends ChildFamily<Value> {
  protected override open(): Value {
    return new Value();
  }
  protected override sample(child: Value, labels: Sample["labels"], into: Sample[]): void {
    into.push({ value: child.value, labels });
  }
}
export class CounterFamily extends ValueFamily {
  override readonly type = "counter";
}
export class GaugeFamily extends ValueFamily {
  override readonly type = "gauge";
}

class Buckets implements Histogram {
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum = 0;
  count = 0;
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = bounds.map(() => 0);
  }
  observe(value: number): void {
    this.sum += value;
    this.count += 1;
    const { bounds } = this;
    for (let i = 0; i < bounds.length; i++) {
      if (value > bounds[i]!) continue;
      this.counts[i]! += 1;
      return;
    }
  }
}

export class HistogramFamily extends ChildFamily<Buckets> {
  override readonly type = "histogram";
  readonly #bounds: readonly number[];

  constructor(declared: HistogramDeclaration) {
    super(declared);
    this.#bounds = declared.buckets;
  }

  protected override open(): Buckets {
    return new Buckets(this.#bounds);
  }

  /** Buckets are cumulative in the text, not in memory. */
  protected override sample(child: Buckets, labels: Sample["labels"], into: Sample[]): void {
    const bucket = (le: string, value: number) =>
      into.push({ metricName: `${this.name}_bucket`, labels: { ...labels, le }, value });
    let below = 0;
    child.counts.forEach((count, i) => bucket(String(this.#bounds[i]), (below += count)));
    bucket("+Inf", child.count);
    into.push({ metricName: `${this.name}_sum`, labels, value: child.sum });
    into.push({ metricName: `${this.name}_count`, labels, value: child.count });
  }
}
