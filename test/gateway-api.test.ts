// docs/gateway-api.md against the code.
import { readFileSync } from "node:fs";
import { promMetrics } from "@warren/host";
import type { Resource } from "@warren/host/kube";
import { silentLog, virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { GatewayApiEvents } from "../packages/agent/src/kube/gateway-api/gateway-api-events.ts";
import { SUPPORTED_FEATURES } from "../packages/agent/src/kube/gateway-api/gateway-class.ts";
import * as resources from "../packages/agent/src/kube/gateway-api/resources.ts";
import { ROUTE_KINDS } from "../packages/agent/src/kube/gateway-api/objects.ts";
import { ProblemLines } from "../packages/agent/src/kube/problem-lines.ts";
import { code, tableUnder } from "./_tables.ts";

const FILE = "docs/gateway-api.md";

test("the features with a yes are those that a GatewayClass says", () => {
  const rows = tableUnder(FILE, "Features");
  const supported = rows.filter(([, answer]) => answer === "yes").map(([name]) => name);
  expect(new Set(supported)).toEqual(new Set(SUPPORTED_FEATURES.map(code)));
  expect(rows.filter(([, answer]) => answer !== "yes" && answer !== "no")).toEqual([]);
});

test("a GatewayClass lists its features in ascending order", () => {
  expect(SUPPORTED_FEATURES).toEqual([...SUPPORTED_FEATURES].sort());
});

test("every kind of route is listed", () => {
  const kinds = tableUnder(FILE, "Kinds").map(([kind]) => kind);
  expect(kinds).toEqual(expect.arrayContaining(ROUTE_KINDS.map(code)));
});

test("every resource that is asked for is listed", () => {
  const asked = Object.values<unknown>(resources).flatMap((one) =>
    typeof one === "object" && one !== null && "versions" in one
      ? (one.versions as readonly Resource[])
      : [],
  );
  expect(asked.length).toBeGreaterThan(9);
  const text = readFileSync(FILE, "utf8");
  expect(asked.filter(({ plural }) => !text.includes(code(plural)))).toEqual([]);
});

test("every metric is listed", () => {
  const metrics = promMetrics();
  const counts = { Gateway: 0, HTTPRoute: 0, GRPCRoute: 0, TLSRoute: 0, TCPRoute: 0, UDPRoute: 0 };
  const lines = new ProblemLines(silentLog(), virtualClock());
  new GatewayApiEvents(silentLog(), metrics, lines).observe(metrics, () => ({
    objects: counts,
    routes: 0,
  }));
  expect(tableUnder(FILE, "Metrics")).toEqual(
    metrics.declared.map(({ name, labels, help }) => [
      code(name),
      labels.map(code).join(", "),
      help,
    ]),
  );
});
