import { describe, expect, test } from "vitest";
import {
  cluster,
  gateway,
  http,
  https,
  meta,
  namespace,
  passthrough,
  route,
  settled,
  tcp,
  said,
  FINE,
  notAccepted,
} from "./_kit.ts";

const other = meta("shop", { namespace: "team" });
const elsewhere = {
  ...route({ parentRefs: [{ name: "edge", namespace: "infra" }], rules: [] }),
  metadata: other,
};
const from = (value: string, selector?: object) =>
  http({
    allowedRoutes: {
      namespaces: { from: value, ...(selector === undefined ? {} : { selector }) },
    },
  });
const byName = { matchLabels: { "kubernetes.io/metadata.name": "team" } };

describe("a route attaches", () => {
  test.each([
    { name: "to a Gateway of its namespace", object: route(), listeners: [http()], want: FINE },
    {
      name: "not to a section that is not there",
      object: route({ parentRefs: [{ name: "edge", sectionName: "http1", port: 80 }] }),
      listeners: [http()],
      want: notAccepted("NoMatchingParent"),
    },
    {
      name: "not to a port that is not there",
      object: route({ parentRefs: [{ name: "edge", port: 81 }] }),
      listeners: [http()],
      want: notAccepted("NoMatchingParent"),
    },
    {
      name: "not to a section on another port",
      object: route({ parentRefs: [{ name: "edge", sectionName: "http", port: 443 }] }),
      listeners: [http(), https()],
      want: notAccepted("NoMatchingParent"),
    },
    {
      name: "to a section on its port",
      object: route({ parentRefs: [{ name: "edge", sectionName: "https", port: 443 }] }),
      listeners: [http(), https()],
      want: FINE,
    },
    {
      name: "not to listeners of another kind",
      object: route(),
      listeners: [passthrough({ allowedRoutes: { kinds: [{ kind: "TLSRoute" }] } })],
      want: notAccepted("NotAllowedByListeners"),
    },
    {
      name: "not from another namespace, unless it is said",
      object: elsewhere,
      listeners: [http()],
      want: notAccepted("NotAllowedByListeners"),
    },
    { name: "from every namespace", object: elsewhere, listeners: [from("All")], want: FINE },
    {
      name: "from a selected namespace",
      object: elsewhere,
      listeners: [from("Selector", byName)],
      want: FINE,
    },
    {
      name: "not from one that is not selected",
      object: route(),
      listeners: [from("Selector", byName)],
      want: notAccepted("NotAllowedByListeners"),
    },
    {
      name: "by an expression",
      object: elsewhere,
      listeners: [
        from("Selector", { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["x"] }] }),
      ],
      want: FINE,
    },
    {
      name: "not without a selector",
      object: elsewhere,
      listeners: [from("Selector")],
      want: notAccepted("NotAllowedByListeners"),
    },
    {
      name: "not without a host in common",
      object: route(),
      listeners: [http({ hostname: "*.example.com" })],
      want: notAccepted("NoMatchingListenerHostname"),
    },
    {
      name: "with one of two hosts in common",
      object: route({ hostnames: ["shop.test", "a.example.com"] }),
      listeners: [http({ hostname: "*.example.com" })],
      want: FINE,
    },
  ])("$name", ({ object, listeners, want }) => {
    const namespaces = [
      namespace("infra", { "kubernetes.io/metadata.name": "infra" }),
      namespace("team", { "kubernetes.io/metadata.name": "team" }),
    ];
    expect(said(object, { gateways: [gateway(listeners)], namespaces })).toEqual([want]);
  });

  test("to parents that are ours, and says nothing of others", () => {
    const parentRefs = [
      { name: "edge" },
      { name: "nowhere" },
      { group: "", kind: "Service", name: "web" },
    ];
    expect(said(route({ parentRefs }))).toEqual([FINE]);
  });

  test("to each parent by itself", () => {
    const parentRefs = [
      { name: "edge", sectionName: "http" },
      { name: "edge", sectionName: "x" },
    ];
    expect(said(route({ parentRefs }))).toEqual([FINE, notAccepted("NoMatchingParent")]);
  });

  test.each([
    { kind: "TLSRoute" as const, listener: passthrough(), want: FINE },
    { kind: "TLSRoute" as const, listener: http(), want: notAccepted("NotAllowedByListeners") },
    { kind: "TLSRoute" as const, listener: https(), want: notAccepted("NotAllowedByListeners") },
    { kind: "TCPRoute" as const, listener: tcp(5432), want: FINE },
    { kind: "TCPRoute" as const, listener: http(), want: notAccepted("NotAllowedByListeners") },
    {
      kind: "UDPRoute" as const,
      listener: tcp(53, { protocol: "UDP" }),
      want: notAccepted("NotAllowedByListeners"),
    },
    { kind: "GRPCRoute" as const, listener: https(), want: FINE },
  ])("as $kind to $listener.protocol: $want.0", ({ kind, listener, want }) => {
    expect(said(route(), { gateways: [gateway([listener])] }, kind)).toEqual([want]);
  });

  test("to listeners that are not served, and is counted there", () => {
    const listener = https({ tls: { certificateRefs: [{ name: "none" }] } });
    const { model, routes } = settled(
      cluster({ gateways: [gateway([listener])], routes: [["HTTPRoute", route()]], secrets: [] }),
    );
    expect(model.attachedRoutes("infra/edge", "https")).toBe(1);
    expect(routes).toEqual([]);
  });
});

test("a listener counts a route once, and only if it is accepted", () => {
  const twice = route({ parentRefs: [{ name: "edge" }, { name: "edge", sectionName: "http" }] });
  const refused = { ...route({ hostnames: ["a.other"] }), metadata: meta("refused") };
  const { model } = settled(
    cluster({
      gateways: [gateway([http({ hostname: "*.test" })])],
      routes: [
        ["HTTPRoute", twice],
        ["HTTPRoute", refused],
        ["GRPCRoute", { ...route(), metadata: meta("calls") }],
      ],
    }),
  );
  expect(model.attachedRoutes("infra/edge", "http")).toBe(2);
});
