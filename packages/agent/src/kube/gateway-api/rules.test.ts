import { describe, expect, test } from "vitest";
import { cluster, ruled, settled, toWeb, said, notAccepted } from "./_kit.ts";
import type { RouteFilter } from "./objects.ts";

const filtered = (...filters: object[]) =>
  ruled({ filters: filters as unknown as RouteFilter[], backendRefs: [toWeb] });
const headers = {
  type: "RequestHeaderModifier",
  requestHeaderModifier: { set: [{ name: "X-A", value: "1" }] },
};
const redirect = { type: "RequestRedirect", requestRedirect: { scheme: "https" } };
const rewrite = { type: "URLRewrite", urlRewrite: { hostname: "in.test" } };

describe("a rule", () => {
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

  test("of whose matches one is not understood is answered with an error where the others match", () => {
    const expression = { path: { type: "RegularExpression", value: "/a.*" } };
    const object = ruled(
      { matches: [{ path: { value: "/admin" } }, expression], backendRefs: [toWeb] },
      { backendRefs: [toWeb] },
    );
    const { model, routes } = settled(cluster({ routes: [["HTTPRoute", object]] }));
    expect(routes.map(({ path, backends }) => [path, backends?.[0]?.answer])).toEqual([
      ["/admin", 500],
      ["/", undefined],
    ]);
    const conditions = model.outcome("infra/shop HTTPRoute")?.parents[0]?.conditions ?? [];
    const partial = conditions.find(({ type }) => type === "PartiallyInvalid");
    expect(partial?.message).toMatch(/answered 500/);
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
