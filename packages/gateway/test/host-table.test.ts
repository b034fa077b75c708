import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasPathPrefix } from "@warren/http";
import type { RouteInput } from "@warren/wire";
import { HostTable } from "../src/routes/host-table.ts";
import { candidatesOf } from "../src/routes/host-pattern.ts";
import { asked, entry, services } from "./_routes-kit.ts";

type Given = Partial<RouteInput>;
const EXACT = "Exact" as const;
const OTHER = "ImplementationSpecific" as const;

function tableOf(routes: Given[]): HostTable {
  const table = new HostTable("a.test");
  for (const one of routes) table.put(entry(one));
  return table;
}

const rank = (type: string) => ["Exact", "Prefix", OTHER as string].indexOf(type);

/** Index of the route for a path, found the slow way. */
function scan(routes: { path: string; path_type: string }[], target: string): number {
  const matching = [...routes.keys()].filter((at) => {
    const { path, path_type } = routes[at]!;
    return path_type === EXACT ? path === target : hasPathPrefix(target, path);
  });
  matching.sort((a, b) => {
    const [one, two] = [routes[a]!, routes[b]!];
    return rank(one.path_type) - rank(two.path_type) || two.path.length - one.path.length;
  });
  return matching[0] ?? -1;
}

describe("matching within a host", () => {
  const foo: Given = { path: "/foo", service: "foo" };
  const root: Given = { path: "/", service: "root" };
  test.each([
    { name: "a prefix holds itself", routes: [foo], target: "/foo", want: "foo" },
    { name: "and its own slash", routes: [foo], target: "/foo/", want: "foo" },
    { name: "and what is below", routes: [foo], target: "/foo/x/y", want: "foo" },
    { name: "not a longer word", routes: [foo], target: "/foobar", want: "no_route" },
    { name: "not what is above", routes: [foo], target: "/", want: "no_route" },
    { name: "nor another case", routes: [foo], target: "/Foo", want: "no_route" },
    {
      name: "a prefix's trailing slash counts for nothing",
      routes: [{ path: "/foo/", service: "foo" }],
      target: "/foo",
      want: "foo",
    },
    { name: "the root prefix holds all", routes: [root], target: "/any/thing?q=1", want: "root" },
    { name: "and the server-wide target", routes: [root], target: "*", want: "root" },
    { name: "the longest prefix wins", routes: [root, foo], target: "/foo/x", want: "foo" },
    {
      name: "by element, not by character",
      routes: [foo, { path: "/foo/bar", service: "bar" }],
      target: "/foo/barn",
      want: "foo",
    },
    {
      name: "an exact path wins over its prefix",
      routes: [foo, { path: "/foo", path_type: EXACT, service: "exact" }],
      target: "/foo?x",
      want: "exact",
    },
    {
      name: "and holds nothing below",
      routes: [foo, { path: "/foo", path_type: EXACT, service: "exact" }],
      target: "/foo/",
      want: "foo",
    },
    {
      name: "ImplementationSpecific is a prefix",
      routes: [{ path: "/foo", path_type: OTHER, service: "other" }],
      target: "/foo/x",
      want: "other",
    },
    {
      name: "that comes after every other",
      routes: [root, { path: "/foo", path_type: OTHER, service: "other" }],
      target: "/foo/x",
      want: "root",
    },
    {
      name: "a method is more specific than none",
      routes: [root, { ...root, service: "post", match: { method: "POST" } }],
      target: "POST /",
      want: "post",
    },
    {
      name: "and asks for that method",
      routes: [root, { ...root, service: "post", match: { method: "POST" } }],
      target: "/",
      want: "root",
    },
    {
      name: "more headers are more specific",
      routes: [
        { ...root, service: "one", match: { headers: [{ name: "X-A", value: "1" }] } },
        {
          ...root,
          service: "two",
          match: { headers: ["x-a", "x-b"].map((name) => ({ name, value: "1" })) },
        },
      ],
      target: "/",
      want: "two",
    },
    {
      name: "a query parameter must be equal once decoded",
      routes: [root, { ...root, service: "q", match: { query: [{ name: "v", value: "a b" }] } }],
      target: "/?u=1&v=a%20b",
      want: "q",
    },
    {
      name: "a second question mark is part of a parameter's name",
      routes: [root, { ...root, service: "q", match: { query: [{ name: "q", value: "1" }] } }],
      target: "/??q=1",
      want: "root",
    },
    {
      name: "a longer prefix that asks for more than it gets leaves the request to a shorter one",
      routes: [root, { ...foo, match: { method: "POST" } }],
      target: "/foo",
      want: "root",
    },
    {
      name: "an escaped letter is that letter",
      routes: [foo],
      target: "/%66oo/x",
      want: "foo",
    },
    {
      name: "also in the route's own path",
      routes: [{ path: "/%7Eme", service: "me" }],
      target: "/~me/x",
      want: "me",
    },
    { name: "dot segments are refused", routes: [root], target: "/a/../foo", want: "bad_request" },
    { name: "escaped ones too", routes: [root], target: "/a/%2e%2E/foo", want: "bad_request" },
    { name: "encoded slashes too", routes: [root], target: "/a%2Ffoo", want: "bad_request" },
    { name: "backslashes too", routes: [root], target: "/a\\foo", want: "bad_request" },
    { name: "an encoded NUL too", routes: [root], target: "/foo%00", want: "bad_request" },
    {
      name: "unless the route takes raw paths",
      routes: [{ ...root, policy: { raw_path: true } }],
      target: "/foo%00",
      want: "root",
    },
    { name: "a NUL in the query is the service's", routes: [root], target: "/?%00", want: "root" },
    { name: "dots in the query are no segments", routes: [root], target: "/?../a", want: "root" },
    {
      name: "a raw route takes what its decoded form matches",
      routes: [root, { ...foo, policy: { raw_path: true } }],
      target: "/a/../foo",
      want: "foo",
    },
    {
      name: "and no other route does",
      routes: [root, { ...foo, policy: { raw_path: true } }],
      target: "/foo/../a",
      want: "bad_request",
    },
    {
      name: "a host of passthrough routes alone is misdirected",
      routes: [{ kind: "passthrough" as const }],
      target: "/",
      want: "misdirected",
    },
  ])("$name", ({ routes, target, want }) => {
    const [method = "GET", path = target] = target.includes(" ") ? target.split(" ") : [];
    const fields = { "x-a": "1", "x-b": "1" };
    const found = services(tableOf(routes).answer(asked("a.test", path, { method, fields })));
    expect(found).toEqual(want.includes("_") || want === "misdirected" ? want : [`c1/${want}`]);
  });

  const guard = { allow: ["192.0.2.0/24"] };
  const open: Given = { path: "/", service: "web" };
  const guarded: Given = { path: "/admin", service: "web", policy: guard };
  const aliases = [
    "//admin",
    "//admin//x",
    "/admin;x=1",
    "/admin;/x",
    "/;/admin",
    "/admin%3Bx",
    "/x/;/..;/admin",
    "/%2561dmin",
    "/%2525%36%31dmin",
    "/%252fadmin",
    "/x/%252e%252e/admin",
    "/admin%2500",
    "/admin%25%30%30/x",
    "/%2561dmin%2500.css",
    "/%2525%2536%2531dmin",
    "/%25%2536%2531dmin",
    "/%2561dmin/%25252e%25252e/x",
  ];
  test.each([
    ...aliases.map((target) => ({
      name: "a guard is not passed",
      routes: [open, guarded],
      target,
      want: "bad_request",
    })),
    ...["/%2fadmin", "/x/..%2fadmin", "/\\admin", "/%5Cadmin", "/admin%00", "/admin%2500.css"].map(
      (target) => ({
        name: "nor by a neighbour that takes raw paths",
        routes: [{ ...open, policy: { raw_path: true } }, guarded],
        target,
        want: "bad_request",
      }),
    ),
    {
      name: "nor the other way round, by the name of an open path",
      routes: [
        { ...open, policy: guard },
        { path: "/hook", service: "web" },
      ],
      target: "//hook",
      want: "bad_request",
    },
    {
      name: "nor by escapes of a guarded path",
      routes: [open, { ...guarded, path: "/@me" }],
      target: "/%40me",
      want: "web",
    },
    {
      name: "nor by their case",
      routes: [open, { ...guarded, path: "/b%C3%BC" }],
      target: "/b%c3%bc",
      want: "web",
    },
    {
      name: "a service in front of another is not passed",
      routes: [open, { path: "/admin", service: "login" }],
      target: "//admin",
      want: "bad_request",
    },
    {
      name: "what leads to the same is served",
      routes: [open, { path: "/api", service: "web" }],
      target: "//api",
      want: "web",
    },
    {
      name: "and so is what is guarded alike",
      routes: [
        { ...open, policy: guard },
        { path: "/api", service: "web", policy: guard },
      ],
      target: "//api;v=1",
      want: "web",
    },
    {
      name: "slashes within a path pass",
      routes: [open, { path: "/proxy", service: "p" }],
      target: "/proxy/https://x",
      want: "p",
    },
    {
      name: "also where something else is guarded",
      routes: [open, guarded],
      target: "/proxy/https://x;y",
      want: "web",
    },
    {
      name: "a percent sign within a path passes",
      routes: [open, guarded, { path: "/files", service: "f" }],
      target: "/files/100%25/%2561%2520b",
      want: "f",
    },
    {
      name: "a route with such a path has it",
      routes: [{ path: "/a//b;c", service: "web" }],
      target: "/a//b;c/d",
      want: "web",
    },
  ])("$name: $target", ({ routes, target, want }) => {
    const found = services(tableOf(routes).answer(asked("a.test", target)));
    expect(found).toEqual(want === "bad_request" ? want : [`c1/${want}`]);
  });

  test("entries of several clusters stand in the order in which they came", () => {
    const table = tableOf([]);
    for (const cluster of ["c2", "c1", "c3"]) table.put(entry({ service: "s" }, cluster));
    table.put(entry({ service: "s", port: 81 }, "c1"));
    expect(services(table.answer(asked("a.test")))).toEqual(["c2/s", "c1/s", "c3/s"]);
  });

  test("what is removed is gone, and uncovers what was behind it", () => {
    const table = tableOf([
      { path: "/", service: "root" },
      { path: "/foo", service: "foo" },
    ]);
    table.remove(entry({ path: "/foo", service: "foo" }));
    expect(services(table.answer(asked("a.test", "/foo/x")))).toEqual(["c1/root"]);
    table.remove(entry({ path: "/", service: "root" }));
    expect(services(table.answer(asked("a.test", "/foo/x")))).toBe("no_route");
  });

  test("it finds what scanning all routes finds", () => {
    const element = fc.constantFrom("a", "b", "ab");
    const path = fc.array(element, { maxLength: 4 }).map((all) => `/${all.join("/")}`);
    const type = fc.constantFrom("Exact" as const, "Prefix" as const, OTHER);
    const routes = fc.uniqueArray(fc.record({ path, path_type: type }), {
      selector: (one) => `${one.path_type} ${one.path}`,
      maxLength: 12,
    });
    fc.assert(
      fc.property(routes, fc.array(path, { minLength: 1 }), (given, targets) => {
        const table = tableOf(given.map((one, n) => ({ ...one, service: `s${n}` })));
        for (const target of targets) {
          const at = scan(given, target);
          const found = services(table.answer(asked("a.test", target)));
          expect(found).toEqual(at === -1 ? "no_route" : [`c1/s${at}`]);
        }
      }),
    );
  });

  test("a path of 60,000 slashes costs no more than the longest prefix", () => {
    const table = tableOf([{ path: "/foo/bar" }]);
    const target = "/".repeat(60_000);
    const started = performance.now();
    for (let round = 0; round < 100; round += 1) table.answer(asked("a.test", target));
    // Walking all of it takes seconds a round: a wide margin, not a measurement.
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

test("the patterns for a host, most specific first", () => {
  expect(candidatesOf("x.y.test")).toEqual(["x.y.test", "*.y.test", "**.y.test", "**.test"]);
  expect(candidatesOf("localhost")).toEqual(["localhost"]);
});

const match = (scheme: "http" | "https") => ({ headers: [], query: [], scheme });

test("one path leads elsewhere by how the request left its client", () => {
  const table = new HostTable("a.test");
  table.put(entry({ service: "plain", match: match("http") }));
  table.put(entry({ service: "sealed", match: match("https") }));
  expect(services(table.answer(asked("a.test", "/", { secure: true })))).toEqual(["c1/sealed"]);
  expect(services(table.answer(asked("a.test", "/")))).toEqual(["c1/plain"]);
  table.remove(entry({ service: "plain", match: match("http") }));
  expect(services(table.answer(asked("a.test", "/")))).toBe("no_route");
});
