/** Grafana dashboards out of short tables: what a panel shows is one line, and all panels look alike. */

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly targets: readonly { expr: string; legend: string }[];
  /** A number that is looked at, rather than a course. */
  readonly stat: boolean;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Labels that a viewer chooses by, and the metric whose values they are. */
  readonly variables: readonly { name: string; metric: string }[];
  readonly rows: readonly Row[];
}

/** `$scope` in an expression stands for what the viewer chose. */
export interface Shown {
  title: string;
  metric: string;
  unit: string;
  by: readonly string[];
}

const legendOf = (by: readonly string[]) => by.map((label) => `{{${label}}}`).join(" ");
const group = (by: readonly string[]) => (by.length === 0 ? "" : ` by (${by.join(", ")})`);

/** Events in a second, of a counter. */
export function rate(title: string, metric: string, by: readonly string[] = []): Panel {
  return rateOf({ title, metric, unit: "cps", by });
}

/** The same in another unit, such as bytes. */
export function rateOf({ title, metric, unit, by }: Shown): Panel {
  const expr = `sum${group(by)} (rate(${metric}{$scope}[$__rate_interval]))`;
  return { title, unit, stat: false, targets: [{ expr, legend: legendOf(by) }] };
}

/** What a gauge says, all instances together. */
export function sum(title: string, metric: string, by: readonly string[] = []): Panel {
  return sumOf({ title, metric, unit: "short", by });
}

export function sumOf({ title, metric, unit, by }: Shown): Panel {
  const expr = `sum${group(by)} (${metric}{$scope})`;
  return { title, unit, stat: false, targets: [{ expr, legend: legendOf(by) }] };
}

/** The largest or the smallest of what instances say. */
export function extreme(which: "max" | "min", { title, metric, unit, by }: Shown): Panel {
  const expr = `${which}${group(by)} (${metric}{$scope})`;
  return { title, unit, stat: false, targets: [{ expr, legend: legendOf(by) }] };
}

/** The median, the 95th and the 99th percentile of a histogram, in seconds. */
export function times(title: string, metric: string, by: readonly string[] = []): Panel {
  const targets = [0.5, 0.95, 0.99].map((share) => ({
    expr: `histogram_quantile(${share}, sum by (${["le", ...by].join(", ")}) (rate(${metric}_bucket{$scope}[$__rate_interval])))`,
    legend: `p${share * 100} ${legendOf(by)}`.trim(),
  }));
  return { title, unit: "s", stat: false, targets };
}

/** Until a time that a metric names. */
export function until(title: string, metric: string, by: readonly string[] = []): Panel {
  const expr = `min${group(by)} (${metric}{$scope}) - time()`;
  return { title, unit: "s", stat: true, targets: [{ expr, legend: legendOf(by) }] };
}

/** Any other expression. */
export function course(title: string, unit: string, targets: Panel["targets"]): Panel {
  return { title, unit, stat: false, targets };
}

/** What Grafana imports (schema 39: Grafana 10 and later); panels stand three in a row. */
export function dashboardJson({ uid, title, description, variables, rows }: Dashboard): object {
  const scope = variables.map(({ name }) => `${name}=~"$${name}"`).join(", ");
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      type: "row",
      title: row.title,
      collapsed: false,
      gridPos: { h: 1, w: 24, x: 0, y: y++ },
    });
    row.panels.forEach((panel, at) => {
      const gridPos = { h: 8, w: 8, x: (at % 3) * 8, y: y + Math.floor(at / 3) * 8 };
      panels.push({ id: panels.length + 1, gridPos, ...panelJson(panel, scope) });
    });
    y += Math.ceil(row.panels.length / 3) * 8;
  }
  return {
    uid,
    title,
    description,
    tags: ["warren"],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: { list: [SOURCE, ...variables.map(variableJson)] },
    panels,
  };
}

const SOURCE = { name: "datasource", type: "datasource", query: "prometheus", label: "Prometheus" };
const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

function panelJson({ title, unit, targets, stat }: Panel, scope: string): object {
  return {
    type: stat ? "stat" : "timeseries",
    title,
    datasource: DATASOURCE,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: stat
      ? { reduceOptions: { calcs: ["lastNotNull"] } }
      : {
          legend: { displayMode: "list", placement: "bottom" },
          tooltip: { mode: "multi", sort: "desc" },
        },
    targets: targets.map(({ expr, legend }, at) => ({
      refId: String.fromCodePoint(65 + at),
      datasource: DATASOURCE,
      expr: expr.replaceAll("$scope", scope),
      legendFormat: legend === "" ? title : legend,
    })),
  };
}

/** All of them unless some are chosen; `.*` also finds what has no such label. */
function variableJson({ name, metric }: { name: string; metric: string }): object {
  const query = `label_values(${metric}, ${name})`;
  return {
    name,
    type: "query",
    datasource: DATASOURCE,
    query: { query, refId: name },
    definition: query,
    includeAll: true,
    allValue: ".*",
    multi: true,
    current: { text: "All", value: "$__all" },
    refresh: 2,
    sort: 1,
  };
}
