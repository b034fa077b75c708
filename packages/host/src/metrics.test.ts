import { Registry, register } from "prom-client";
import { expect, test } from "vitest";
import { processMetrics, promMetrics } from "./metrics.ts";

test("what was counted is told in the text exposition", async () => {
  const metrics = promMetrics();
  const requests = metrics.counter({
    name: "gateway_requests_total",
    help: "Requests answered.",
    labels: ["cluster_uuid", "status_code"],
  });
  const ok = requests.with("c1", "200");
  ok.add();
  ok.add(2);
  requests.with("c1", "503").add();
  const streams = metrics.gauge({ name: "streams", help: "Open streams.", labels: [] });
  streams.with().add(5);
  streams.with().add(-2);
  const seconds = metrics.histogram({
    name: "duration_seconds",
    help: "Durations.",
    labels: ["cluster_uuid"],
    buckets: [0.1, 1],
  });
  for (const value of [0.05, 0.1, 0.5, 7]) seconds.with("c1").observe(value);
  expect(await metrics.text()).toBe(
    [
      "# HELP gateway_requests_total Requests answered.",
      "# TYPE gateway_requests_total counter",
      'gateway_requests_total{cluster_uuid="c1",status_code="200"} 3',
      'gateway_requests_total{cluster_uuid="c1",status_code="503"} 1',
      "",
      "# HELP streams Open streams.",
      "# TYPE streams gauge",
      "streams 3",
      "",
      "# HELP duration_seconds Durations.",
      "# TYPE duration_seconds histogram",
      'duration_seconds_bucket{cluster_uuid="c1",le="0.1"} 2',
      'duration_seconds_bucket{cluster_uuid="c1",le="1"} 3',
      'duration_seconds_bucket{cluster_uuid="c1",le="+Inf"} 4',
      'duration_seconds_sum{cluster_uuid="c1"} 7.65',
      'duration_seconds_count{cluster_uuid="c1"} 4',
      "",
    ].join("\n"),
  );
});

test("the same labels give the same child, until it is removed", async () => {
  const metrics = promMetrics();
  const health = metrics.gauge({ name: "health", help: "h", labels: ["cluster_uuid"] });
  expect(health.with("a")).toBe(health.with("a"));
  health.with("a").set(1);
  health.remove("a");
  expect(await metrics.text()).not.toContain('"a"');
});

test("a gauge may be read at exposition", async () => {
  const metrics = promMetrics();
  const gauge = metrics.gauge({ name: "open", help: "h", labels: [] }).with();
  let open = 0;
  metrics.onCollect(() => gauge.set(open));
  open = 4;
  expect(await metrics.text()).toContain("open 4");
});

test("mistakes of the programmer are thrown", () => {
  const metrics = promMetrics();
  const declared = { name: "n", help: "h", labels: ["a"] };
  const family = metrics.counter(declared);
  expect(() => family.with()).toThrow("n takes the labels a");
  expect(() => metrics.gauge(declared)).toThrow("already been registered");
  expect(metrics.declared).toEqual([declared]);
});

test("label values are escaped", async () => {
  const metrics = promMetrics();
  metrics
    .counter({ name: "n", help: "h", labels: ["a"] })
    .with('x"\n')
    .add();
  expect(await metrics.text()).toContain('n{a="x\\"\\n"} 1');
});

test("the process's own metrics go into the registry that was passed, not the global one", async () => {
  const registry = new Registry();
  processMetrics(registry);
  const text = await promMetrics(registry).text();
  expect(text).toContain("process_cpu_user_seconds_total");
  expect(register.getMetricsAsArray()).toEqual([]);
});
