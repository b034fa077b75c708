// Dashboards, rules and the adapter, against the metrics that there are.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { dashboards, fileOf, leftOut } from "../../deployments/observability/dashboards.ts";
import { dashboardJson } from "../../deployments/observability/grafana.ts";
import { withoutRule } from "../../deployments/observability/without-rule.ts";
import { ROOT } from "../_rooms.ts";
import { knownMetrics } from "./_kit/metrics.ts";
import { groupingsOf, selectorsOf } from "./_kit/promql.ts";

const HERE = "deployments/observability";
const text = (file: string) => readFileSync(join(ROOT, file), "utf8");

const metrics = knownMetrics();
/** Metrics of others: of the process, of the kubelet, of kube-state-metrics. */
const FOREIGN = /^(process|nodejs|container|kube_(deployment|horizontalpodautoscaler|pod))_/;
/** Set by whoever scrapes. */
const TARGET_LABELS = ["instance", "namespace", "pod", "le"];
/** Gauges, whatever their names say. */
const GAUGES = [
  "chatbox_websocket_connections_total",
  "websocket_connections_total",
  "chatbox_active_sessions_total",
];

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}
const groups = (parse(text(`${HERE}/rules.yaml`)) as { groups: { name: string; rules: Rule[] }[] })
  .groups;
const rules = groups.flatMap((group) => group.rules);

const panels = Object.entries(dashboards).flatMap(([name, dashboard]) => {
  const { panels } = dashboardJson(dashboard) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ name: `${name}: ${title}`, expr })),
  );
});
const expressions = [...panels, ...rules.map(({ alert, expr }) => ({ name: alert, expr }))];

test("the documentation lists metrics", () => expect(metrics.size).toBeGreaterThan(90));

describe("expressions", () => {
  test.each(expressions)("$name", ({ expr }) => {
    const selected = selectorsOf(expr);
    expect(selected.length).toBeGreaterThan(0);
    for (const { metric, matched, isRate } of selected) {
      if (FOREIGN.test(metric)) continue;
      const family = metric.replace(/_bucket$/, "");
      const name = metrics.has(metric) ? metric : family;
      expect(metrics.has(name), `${metric} is no metric`).toBe(true);
      const labels = metrics.get(name);
      const used = [...matched, ...groupingsOf(expr)];
      const unknown = used.filter(
        (label) => ![...(labels ?? used), ...TARGET_LABELS].includes(label),
      );
      expect(unknown).toEqual([]);
      const isCounter =
        (metric.endsWith("_total") || metric.endsWith("_bucket")) && !GAUGES.includes(metric);
      expect([metric, isRate]).toEqual([metric, isCounter]);
    }
  });
});

const namesIn = (some: readonly { expr: string }[]) =>
  new Set(
    some.flatMap(({ expr }) =>
      selectorsOf(expr).map(({ metric }) => metric.replace(/_bucket$/, "")),
    ),
  );

test.each([
  { place: "panel", shown: namesIn(panels), left: Object.keys(leftOut) },
  { place: "rule", shown: namesIn(rules), left: withoutRule.flatMap((one) => one.metrics) },
])("every metric is in a $place, or it is said why not", ({ shown, left }) => {
  expect(new Set(left).size).toBe(left.length);
  expect([...metrics.keys()].filter((name) => !shown.has(name) && !left.includes(name))).toEqual(
    [],
  );
  expect(left.filter((name) => shown.has(name) || !metrics.has(name))).toEqual([]);
});

test("rules that speak for other metrics are there", () => {
  const alerts = new Set(rules.map(({ alert }) => alert));
  const named = withoutRule.flatMap(({ rule }) => rule ?? []);
  expect(named.filter((rule) => !alerts.has(rule))).toEqual([]);
});

test.each(Object.entries(dashboards))(
  "the file of dashboard %s is what its table says",
  (name, dashboard) => {
    expect(text(`${HERE}/dashboards/${name}.json`), `node ${HERE}/dashboards.ts writes it`).toBe(
      fileOf(dashboard),
    );
  },
);

test("rules have names of their own, a severity, and a heading of the guide", () => {
  const headings = new Set(
    [...text("docs/kubernetes.md").matchAll(/^#+ (.*)$/gm)].map(([, title]) => anchor(title!)),
  );
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { labels, annotations } of rules) {
    expect(["page", "ticket"]).toContain(labels.severity);
    expect(annotations.summary.length).toBeGreaterThan(10);
    expect(headings).toContain(annotations.runbook);
  }
});

test("a gateway's certificate that nobody renews gets somebody up before it expires", () => {
  const expiring = [...metrics.keys()].filter((name) => /^gateway_.*_expires?_/.test(name));
  expect(expiring).toHaveLength(2);
  const pages = namesIn(rules.filter(({ labels }) => labels.severity === "page"));
  expect(expiring.filter((name) => !pages.has(name))).toEqual([]);
});

test("the operator's rules are the same", () => {
  const object = parse(text(`${HERE}/prometheusrule.yaml`)) as { spec: unknown };
  expect(object.spec).toEqual({ groups });
});

test("the adapter serves both gauges as they are, under their full names", () => {
  const values = parse(text(`${HERE}/prometheus-adapter-values.yaml`)) as {
    rules: {
      default: boolean;
      custom: {
        seriesQuery: string;
        name: { matches: string; as: string };
        metricsQuery: string;
      }[];
    };
  };
  expect(values.rules.default).toBe(false);
  const [rule] = values.rules.custom;
  const [, wanted = ""] = /__name__=~"([^"]*)"/.exec(rule!.seriesQuery)!;
  const hpa = parse(text("deployments/kubernetes/hpa.yaml/chatbox-websocket-hpa.yaml")) as {
    spec: { metrics: { pods?: { metric: { name: string } } }[] };
  };
  const scaled = hpa.spec.metrics.flatMap(({ pods }) => pods?.metric.name ?? []);
  expect(scaled).toHaveLength(2);
  for (const name of scaled) {
    expect(metrics.has(name)).toBe(true);
    expect(name).toMatch(new RegExp(wanted));
    expect(name.replace(new RegExp(rule!.name.matches), rule!.name.as.replace("${1}", "$1"))).toBe(
      name,
    );
  }
  expect(rule!.metricsQuery).not.toContain("rate");
});

/** Where it is installed: nobody has to, what is above reads the same expressions. */
const promtool = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "promtool"))
  .find(existsSync);
test.skipIf(promtool === undefined)("promtool takes the rules", () => {
  execFileSync(promtool!, ["check", "rules", join(ROOT, HERE, "rules.yaml")], { stdio: "pipe" });
});

/** As GitHub makes them. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}
