import { describe, expect, test } from "vitest";
import {
  cluster,
  gateway,
  http,
  https,
  meta,
  passthrough,
  route,
  ruled,
  settled,
  tcp,
  toWeb,
} from "./_kit.ts";
import { publishedCondition } from "./route-status.ts";
import type { Listener, RouteKind, RouteObject } from "./objects.ts";

const listed = (object: RouteObject, listeners: Listener[], kind: RouteKind = "HTTPRoute") =>
  settled(cluster({ gateways: [gateway(listeners)], routes: [[kind, object]] })).routes.map((one) =>
    [
      one.kind === "http" ? (one.match.scheme ?? "both") : one.kind,
      one.host || String(one.public_port),
      one.path_type,
      one.path,
    ].join(" "),
  );

const named = (name: string, creationTimestamp: string): [RouteKind, RouteObject] => [
  "HTTPRoute",
  { ...route(), metadata: meta(name, { creationTimestamp }) },
];

describe("a route is published", () => {
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
    const { routes, model } = settled(
      cluster({ routes: [named("a", ages[0]!), named("b", ages[1]!)] }),
    );
    expect(routes.map(({ ingress_name }) => ingress_name)).toEqual([`HTTPRoute:${want}`]);
    const loser = want === "a" ? "b" : "a";
    expect(model.lost(`infra/${loser} HTTPRoute`)[0]?.holder).toBe(`infra/${want} HTTPRoute`);
  });
});

test("a route has a thousand places at most, the first, and says so", () => {
  const matches = Array.from({ length: 64 }, (_, at) => ({ path: { value: `/${at}` } }));
  const rules = [{ matches, backendRefs: [toWeb] }];
  const hostnames = Array.from({ length: 16 }, (_, at) => `h${at}.test`);
  const { model, routes } = settled(
    cluster({ routes: [["HTTPRoute", route({ rules, hostnames })]] }),
  );
  expect(routes).toHaveLength(1_000);
  expect(routes.every(({ path }) => path !== "/63")).toBe(true);
  expect(publishedCondition(model, "infra/shop HTTPRoute", () => undefined)).toMatchObject({
    status: "False",
    reason: "TooManyPaths",
  });
});
