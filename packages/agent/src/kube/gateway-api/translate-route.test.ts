import { describe, expect, test } from "vitest";
import type { Service } from "../objects.ts";
import {
  cluster,
  gateway,
  grant,
  http,
  https,
  meta,
  namespace,
  passthrough,
  route,
  ruled,
} from "./_kit.ts";
import { service, settled, tcp, toWeb, type Cluster } from "./_kit.ts";
import { routeParents } from "./route-status.ts";
import type { Listener, RouteFilter, RouteKind, RouteObject } from "./objects.ts";

const NOW = "2024-02-02T00:00:00Z";

/** What the only route says to its parents: `Accepted True Accepted`, in order of type. */
function said(object: RouteObject, given: Partial<Cluster> = {}, kind: RouteKind = "HTTPRoute") {
  const { model } = settled(cluster({ routes: [[kind, object]], ...given }));
  const { namespace: space, name } = object.metadata;
  const outcome = model.outcome(`${space}/${name} ${kind}`);
  const when = { generation: 1, now: NOW };
  const parents = routeParents([], outcome?.parents ?? [], { published: undefined, when });
  return parents.map(({ conditions }) =>
    conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`).toSorted(),
  );
}
const FINE = ["Accepted True Accepted", "ResolvedRefs True ResolvedRefs"];
const notAccepted = (reason: string) => [`Accepted False ${reason}`, FINE[1]];

describe("a route attaches", () => {
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

describe("a backend", () => {
  const to = (backend: object) => ruled({ backendRefs: [{ ...toWeb, ...backend }] });
  const there = [service("web"), service("web", { namespace: "data" })];
  const allow = (kind = "HTTPRoute", name = "web", space = "infra") =>
    grant("data", {
      from: [{ group: "gateway.networking.k8s.io", kind, namespace: space }],
      to: [{ group: "", kind: "Service", name }],
    });
  const speaking = (appProtocol: string): Service =>
    service("web", { spec: { ports: [{ port: 8080, appProtocol }] } });

  test.each([
    { name: "a Service", object: to({}), want: "True ResolvedRefs" },
    { name: "an unknown kind", object: to({ kind: "NonExistent" }), want: "False InvalidKind" },
    { name: "an unknown group", object: to({ group: "example.com" }), want: "False InvalidKind" },
    { name: "no Service", object: to({ name: "none" }), want: "False BackendNotFound" },
    { name: "no port of it", object: to({ port: 81 }), want: "False BackendNotFound" },
    {
      name: "elsewhere without a grant",
      object: to({ namespace: "data" }),
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere with one",
      object: to({ namespace: "data" }),
      grants: [allow()],
      want: "True ResolvedRefs",
    },
    {
      name: "elsewhere, granted to another kind",
      object: to({ namespace: "data" }),
      grants: [allow("GRPCRoute")],
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere, granted for another Service",
      object: to({ namespace: "data" }),
      grants: [allow("HTTPRoute", "api")],
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere, granted to another namespace",
      object: to({ namespace: "data" }),
      grants: [allow("HTTPRoute", "web", "team")],
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere, not there, and not granted",
      object: to({ namespace: "data", name: "none" }),
      want: "False RefNotPermitted",
    },
    {
      name: "an ExternalName",
      object: to({}),
      services: [service("web", { spec: { type: "ExternalName", externalName: "evil.test" } })],
      want: "False BackendNotAllowed",
    },
    {
      name: "what speaks HTTP/2",
      object: to({}),
      services: [speaking("kubernetes.io/h2c")],
      want: "True ResolvedRefs",
      protocol: "h2c",
    },
    {
      name: "what speaks WebSocket",
      object: to({}),
      services: [speaking("kubernetes.io/ws")],
      want: "True ResolvedRefs",
      protocol: "http",
    },
    {
      name: "what speaks TLS",
      object: to({}),
      services: [speaking("https")],
      want: "True ResolvedRefs",
      protocol: "https",
    },
    {
      name: "what speaks something else",
      object: to({}),
      services: [speaking("redis")],
      want: "False UnsupportedProtocol",
    },
  ])("that is $name: $want", ({ object, services = there, grants = [], want, protocol }) => {
    const all = cluster({ routes: [["HTTPRoute", object]], services, grants });
    expect(said(object, all)).toEqual([["Accepted True Accepted", `ResolvedRefs ${want}`]]);
    const [one] = settled(all).routes;
    expect(one?.backends?.[0]?.answer).toBe(want.startsWith("True") ? undefined : 500);
    if (protocol !== undefined) expect(one?.protocol).toBe(protocol);
  });

  test("of a Service with a BackendTLSPolicy is not spoken to in the clear", () => {
    const { model } = settled(cluster({ routes: [["HTTPRoute", route()]] }));
    const targetRefs = [{ group: "", kind: "Service", name: "web" }];
    model.putPolicy("infra/tls", { metadata: meta("tls"), spec: { targetRefs } });
    expect(model.work(9)).toBe(false);
    const [changed] = model.take().put;
    expect(changed?.publication.route.backends?.[0]?.answer).toBe(500);
    model.putPolicy("infra/tls", undefined);
    model.work(9);
    expect(model.take().put[0]?.publication.route.backends?.[0]?.answer).toBeUndefined();
  });

  test.each([
    {
      name: "weights are kept, those of 0 get nothing",
      weights: [9, 0, 1],
      want: [9, 1],
      answers: [undefined, undefined],
    },
    { name: "all of weight 0 are answered 500", weights: [0, 0], want: [1], answers: [500] },
    { name: "no backends are answered 500", weights: [], want: [1], answers: [500] },
  ])("$name", ({ weights, want, answers }) => {
    const object = ruled({ backendRefs: weights.map((weight) => ({ ...toWeb, weight })) });
    const [one] = settled(cluster({ routes: [["HTTPRoute", object]] })).published;
    expect(one?.route.backends?.map(({ weight }) => weight)).toEqual(want);
    expect(one?.route.backends?.map(({ answer }) => answer)).toEqual(answers);
    expect(one?.targets).toHaveLength(want.length);
    expect(said(object)).toEqual([FINE]);
  });

  test("that leads nowhere gets its share of errors, and the others theirs", () => {
    const object = ruled({
      backendRefs: [
        { ...toWeb, weight: 2 },
        { name: "none", port: 1, weight: 3 },
      ],
    });
    const [one] = settled(cluster({ routes: [["HTTPRoute", object]] })).published;
    expect(one?.route.backends?.map(({ weight, answer }) => [weight, answer])).toEqual([
      [2, undefined],
      [3, 500],
    ]);
    expect(one?.targets[0]).toMatchObject({ host: "10.0.0.1", port: 8080, protocol: "http" });
  });

  test("of a GRPCRoute speaks HTTP/2, and is UNAVAILABLE when it leads nowhere", () => {
    const object = ruled({ backendRefs: [toWeb, { name: "none", port: 1 }] });
    const [one] = settled(cluster({ routes: [["GRPCRoute", object]] })).published;
    expect(one?.route.protocol).toBe("h2c");
    expect(one?.route.backends?.map(({ answer }) => answer)).toEqual([undefined, 503]);
  });
});

describe("a rule", () => {
  const filtered = (...filters: object[]) =>
    ruled({ filters: filters as unknown as RouteFilter[], backendRefs: [toWeb] });
  const headers = {
    type: "RequestHeaderModifier",
    requestHeaderModifier: { set: [{ name: "X-A", value: "1" }] },
  };
  const redirect = { type: "RequestRedirect", requestRedirect: { scheme: "https" } };
  const rewrite = { type: "URLRewrite", urlRewrite: { hostname: "in.test" } };

  test.each([
    {
      name: "an expression for a path",
      object: ruled({ matches: [{ path: { type: "RegularExpression", value: "/a.*" } }] }),
    },
    {
      name: "an expression for a header",
      object: ruled({
        matches: [{ headers: [{ type: "RegularExpression", name: "a", value: "b" }] }],
      }),
    },
    {
      name: "an expression for a parameter",
      object: ruled({
        matches: [{ queryParams: [{ type: "RegularExpression", name: "a", value: "b" }] }],
      }),
    },
    { name: "an unknown method", object: ruled({ matches: [{ method: "BREW" }] }) },
    { name: "a mirror", object: filtered({ type: "RequestMirror", requestMirror: {} }) },
    { name: "CORS", object: filtered({ type: "CORS", cors: {} }) },
    { name: "an extension", object: filtered({ type: "ExtensionRef", extensionRef: {} }) },
    {
      name: "external authentication",
      object: filtered({ type: "ExternalAuth", externalAuth: {} }),
    },
    { name: "a filter of tomorrow", object: filtered({ type: "Tomorrow" }) },
    {
      name: "a redirect to another scheme",
      object: filtered({ type: "RequestRedirect", requestRedirect: { scheme: "ftp" } }),
    },
    {
      name: "a redirect with another status",
      object: filtered({ type: "RequestRedirect", requestRedirect: { statusCode: 305 } }),
    },
    {
      name: "a path modifier of tomorrow",
      object: filtered({ type: "URLRewrite", urlRewrite: { path: { type: "X" } } }),
    },
    {
      name: "a change of a framing field",
      object: filtered({ ...headers, requestHeaderModifier: { remove: ["Content-Length"] } }),
    },
    {
      name: "two actions for one field",
      object: filtered({
        ...headers,
        requestHeaderModifier: { set: [{ name: "a", value: "1" }], remove: ["A"] },
      }),
    },
    {
      name: "a prefix replaced behind an exact path",
      object: ruled({
        matches: [{ path: { type: "Exact", value: "/a" } }],
        filters: [
          {
            type: "URLRewrite",
            urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/b" } },
          },
        ],
      }),
    },
    { name: "retries", object: ruled({ retry: { attempts: 2 }, backendRefs: [toWeb] }) },
    { name: "sessions", object: ruled({ sessionPersistence: {}, backendRefs: [toWeb] }) },
    {
      name: "filters of one backend",
      object: ruled({ backendRefs: [{ ...toWeb, filters: [headers] }] }),
    },
    { name: "a time-out that is none", object: ruled({ timeouts: { request: "soon" } }) },
    {
      name: "two filters of a type",
      object: filtered(headers, headers),
      want: "IncompatibleFilters",
    },
    {
      name: "a redirect and a rewrite",
      object: filtered(redirect, rewrite),
      want: "IncompatibleFilters",
    },
  ])(
    "that asks for $name makes its route not accepted",
    ({ object, want = "UnsupportedValue" }) => {
      expect(said(object)).toEqual([notAccepted(want)]);
    },
  );

  test("that cannot be done beside one that can makes the route partially invalid", () => {
    const object = ruled(
      { matches: [{ path: { type: "RegularExpression", value: "/a" } }], backendRefs: [toWeb] },
      { backendRefs: [toWeb] },
    );
    expect(said(object)).toEqual([
      [
        "Accepted True Accepted",
        "PartiallyInvalid True UnsupportedValue",
        "ResolvedRefs True ResolvedRefs",
      ],
    ]);
    const { model, routes } = settled(cluster({ routes: [["HTTPRoute", object]] }));
    const conditions = model.outcome("infra/shop HTTPRoute")?.parents[0]?.conditions ?? [];
    const partial = conditions.find(({ type }) => type === "PartiallyInvalid");
    expect(partial?.message).toMatch(/^Dropped Rule 0 /);
    expect(routes.map(({ path }) => path)).toEqual(["/"]);
  });

  test("whose filter cannot be done is answered with an error instead of going on without it", () => {
    const object = ruled(
      {
        matches: [{ path: { value: "/admin" } }],
        filters: [{ type: "ExtensionRef" }],
        backendRefs: [toWeb],
      },
      { backendRefs: [toWeb] },
    );
    const { routes } = settled(cluster({ routes: [["HTTPRoute", object]] }));
    expect(routes.map(({ path, backends }) => [path, backends?.[0]?.answer])).toEqual([
      ["/admin", 500],
      ["/", undefined],
    ]);
  });

  test.each([
    {
      name: "a request's time",
      timeouts: { request: "10s" },
      want: { request_timeout_ms: 10_000, head_timeout_ms: 10_000 },
    },
    {
      name: "the shorter of two",
      timeouts: { request: "1m", backendRequest: "1s500ms" },
      want: { request_timeout_ms: 1_500, head_timeout_ms: 1_500 },
    },
    {
      name: "no limit",
      timeouts: { request: "0s" },
      want: { request_timeout_ms: 0, head_timeout_ms: 0 },
    },
    {
      name: "a limit for the backend alone",
      timeouts: { request: "0s", backendRequest: "2s" },
      want: { request_timeout_ms: 2_000, head_timeout_ms: 2_000 },
    },
    { name: "nothing", timeouts: {}, want: {} },
  ])("with $name as its time-out", ({ timeouts, want }) => {
    const object = ruled({ timeouts, backendRefs: [toWeb] });
    const [one] = settled(cluster({ routes: [["HTTPRoute", object]] })).routes;
    const { request_timeout_ms, head_timeout_ms } = one!.policy;
    expect({ request_timeout_ms, head_timeout_ms }).toEqual({
      request_timeout_ms: undefined,
      head_timeout_ms: undefined,
      ...want,
    });
  });
});

describe("a route is published", () => {
  const listed = (object: RouteObject, listeners: Listener[], kind: RouteKind = "HTTPRoute") =>
    settled(cluster({ gateways: [gateway(listeners)], routes: [[kind, object]] })).routes.map(
      (one) =>
        [
          one.kind === "http" ? (one.match.scheme ?? "both") : one.kind,
          one.host || String(one.public_port),
          one.path_type,
          one.path,
        ].join(" "),
    );

  test.each([
    { name: "by each listener's scheme", listeners: [http()], want: ["http shop.test Prefix /"] },
    { name: "by both", listeners: [http(), https()], want: ["both shop.test Prefix /"] },
    { name: "by https alone", listeners: [https()], want: ["https shop.test Prefix /"] },
    {
      name: "by https where that listener has its host, by both where both have",
      listeners: [http({ hostname: "*.a.test" }), https()],
      object: route({ hostnames: ["x.a.test", "b.test"] }),
      want: ["both x.a.test Prefix /", "https b.test Prefix /"],
    },
    {
      name: "at a wildcard of any depth",
      object: route({ hostnames: ["*.a.test"] }),
      listeners: [http()],
      want: ["http **.a.test Prefix /"],
    },
    {
      name: "at the narrower of two wildcards",
      object: route({ hostnames: ["*.test", "a.b.test", "x.other"] }),
      listeners: [http({ hostname: "*.b.test" })],
      want: ["http **.b.test Prefix /", "http a.b.test Prefix /"],
    },
    {
      name: "at the listener's host where it names none",
      object: route({ hostnames: [] }),
      listeners: [http({ hostname: "a.test" })],
      want: ["http a.test Prefix /"],
    },
    {
      name: "at the cluster's names where nobody names a host",
      object: route({ hostnames: [] }),
      listeners: [http()],
      want: ["http home.gate.test Prefix /"],
    },
    {
      name: "for each match of each rule",
      object: ruled(
        {
          matches: [{ path: { type: "Exact", value: "/a" } }, { path: { value: "/b" } }],
          backendRefs: [toWeb],
        },
        { matches: [{ method: "POST" }], backendRefs: [toWeb] },
      ),
      listeners: [http(), https()],
      want: ["both shop.test Exact /a", "both shop.test Prefix /b", "both shop.test Prefix /"],
    },
    {
      name: "once for what two of its rules match",
      object: ruled(
        { matches: [{ path: { value: "/a" } }], backendRefs: [toWeb] },
        { matches: [{ path: { value: "/a/" } }], backendRefs: [{ name: "api", port: 8080 }] },
      ),
      listeners: [http()],
      want: ["http shop.test Prefix /a"],
    },
    {
      name: "as gRPC by service and method",
      kind: "GRPCRoute" as const,
      object: ruled(
        {
          matches: [{ method: { service: "a.B", method: "C" } }, { method: { service: "a.B" } }],
          backendRefs: [toWeb],
        },
        { backendRefs: [toWeb] },
      ),
      listeners: [https()],
      want: [
        "https shop.test Exact /a.B/C",
        "https shop.test Prefix /a.B",
        "https shop.test Prefix /",
      ],
    },
    {
      name: "as TLS by server name",
      kind: "TLSRoute" as const,
      object: route({ hostnames: ["*.db.test"] }),
      listeners: [passthrough()],
      want: ["passthrough **.db.test Prefix /"],
    },
    {
      name: "as TCP on the listener's port",
      kind: "TCPRoute" as const,
      object: route({ parentRefs: [{ name: "edge", sectionName: "tcp-20001" }] }),
      listeners: [tcp(20_001), tcp(20_002)],
      want: ["tcp 20001 Prefix /"],
    },
    {
      name: "as TCP on every port that takes it",
      kind: "TCPRoute" as const,
      object: route(),
      listeners: [tcp(20_001), tcp(20_002)],
      want: ["tcp 20001 Prefix /", "tcp 20002 Prefix /"],
    },
  ])("$name", ({ object = route(), listeners, kind, want }) => {
    expect(listed(object, listeners, kind)).toEqual(want);
  });

  test("with its matches, filters and age in a gateway's words", () => {
    const object = ruled({
      matches: [
        {
          path: { value: "/a" },
          method: "GET",
          headers: [
            { name: "X-Version", value: "2" },
            { name: "x-version", value: "3" },
          ],
          queryParams: [{ name: "Q", value: "1" }],
        },
      ],
      filters: [
        {
          type: "RequestHeaderModifier",
          requestHeaderModifier: { set: [{ name: "X-A", value: "1" }], remove: ["X-B"] },
        },
        {
          type: "ResponseHeaderModifier",
          responseHeaderModifier: { add: [{ name: "X-C", value: "c" }] },
        },
        {
          type: "URLRewrite",
          urlRewrite: {
            hostname: "in.test",
            path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/b" },
          },
        },
      ],
      backendRefs: [toWeb],
    });
    const [one] = settled(
      cluster({ gateways: [gateway([http(), https()])], routes: [["HTTPRoute", object]] }),
    ).routes;
    expect(one).toMatchObject({
      namespace: "infra",
      ingress_name: "HTTPRoute:shop",
      age: Date.parse("2024-01-01T00:00:00Z"),
      match: {
        method: "GET",
        headers: [{ name: "x-version", value: "2" }],
        query: [{ name: "Q", value: "1" }],
      },
      filters: {
        request_headers: { set: [{ name: "x-a", value: "1" }], remove: ["x-b"] },
        response_headers: { add: [{ name: "x-c", value: "c" }] },
        rewrite: { host: "in.test", path: { type: "prefix", value: "/b" } },
      },
      policy: { redirect_https: false },
    });
  });

  test("as a redirect from http beside the same place on https", () => {
    const toHttps = {
      ...route({
        parentRefs: [{ name: "edge", sectionName: "http" }],
        rules: [
          {
            filters: [
              { type: "RequestRedirect", requestRedirect: { scheme: "https", statusCode: 301 } },
            ],
          },
        ],
      }),
      metadata: meta("redirect"),
    };
    const app = route({ parentRefs: [{ name: "edge", sectionName: "https" }] });
    const { routes, model } = settled(
      cluster({
        gateways: [gateway([http(), https()])],
        routes: [
          ["HTTPRoute", toHttps],
          ["HTTPRoute", app],
        ],
      }),
    );
    expect(routes.map(({ match, filters }) => [match.scheme, filters?.redirect])).toEqual([
      ["http", { scheme: "https", status: 301 }],
      ["https", undefined],
    ]);
    expect(model.lost("infra/redirect HTTPRoute")).toEqual([]);
  });

  test.each([
    { name: "the older of two", ages: ["2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"], want: "b" },
    {
      name: "the first by name of two alike",
      ages: ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"],
      want: "a",
    },
  ])("for $name that want one place", ({ ages, want }) => {
    const named = (name: string, creationTimestamp: string): [RouteKind, RouteObject] => [
      "HTTPRoute",
      { ...route(), metadata: meta(name, { creationTimestamp }) },
    ];
    const { routes, model } = settled(
      cluster({ routes: [named("a", ages[0]!), named("b", ages[1]!)] }),
    );
    expect(routes.map(({ ingress_name }) => ingress_name)).toEqual([`HTTPRoute:${want}`]);
    const loser = want === "a" ? "b" : "a";
    expect(model.lost(`infra/${loser} HTTPRoute`)[0]?.holder).toBe(`infra/${want} HTTPRoute`);
  });
});
