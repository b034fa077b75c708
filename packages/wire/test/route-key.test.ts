import fc from "fast-check";
import * as v from "valibot";
import { expect, test } from "vitest";
import { Route, routeKey, type RouteInput } from "../src/index.ts";

const base: RouteInput = {
  host: "a.example",
  path: "/x",
  service: "web",
  namespace: "default",
  ingress_name: "site",
  port: 80,
};
const key = (more: Partial<RouteInput>) => routeKey(v.parse(Route, { ...base, ...more }));

test.each<{ name: string; more: Partial<RouteInput> }>([
  { name: "namespace", more: { namespace: "other" } },
  { name: "ingress", more: { ingress_name: "other" } },
  { name: "host", more: { host: "b.example" } },
  { name: "wildcard", more: { host: "*.example" } },
  { name: "path", more: { path: "/y" } },
  { name: "path type", more: { path_type: "Exact" } },
  { name: "method", more: { match: { method: "GET" } } },
  { name: "field", more: { match: { headers: [{ name: "x", value: "1" }] } } },
  { name: "query", more: { match: { query: [{ name: "x", value: "1" }] } } },
  { name: "kind passthrough", more: { kind: "passthrough" } },
  { name: "kind tcp", more: { kind: "tcp" } },
])("another $name is another route", ({ more }) => {
  expect(key(more)).not.toBe(key({}));
});

test.each<{ name: string; more: Partial<RouteInput> }>([
  { name: "port", more: { port: 81 } },
  { name: "service", more: { service: "other" } },
  { name: "protocol", more: { protocol: "h2c" } },
  { name: "policy", more: { policy: { raw_path: true } } },
  { name: "case of the host", more: { host: "A.Example" } },
])("another $name is the same route, changed", ({ more }) => {
  expect(key(more)).toBe(key({}));
});

test("two ports of one service are two tcp routes, with and without public ports", () => {
  const tcp = { kind: "tcp", host: "" } as const;
  const keys = [
    key({ ...tcp, port: 5432 }),
    key({ ...tcp, port: 5433 }),
    key({ ...tcp, port: 5432, public_port: 5432 }),
    key({ ...tcp, port: 5432, public_port: 5433 }),
  ];
  expect(new Set(keys).size).toBe(4);
});

const made = (route: object) => v.parse(Route, { ...route, service: "s", port: 1 });

test("routes that differ in what identifies them never share a key; a key is visible ASCII", () => {
  const word = fc.constantFrom("a", "b", "a.b", "a-b");
  const routes = fc.record({
    namespace: word,
    ingress_name: word,
    host: fc.constantFrom("a", "b", "a.b", "*.a", "**.a"),
    path: fc.constantFrom("/", "/a", "/a%20b", "/tls:a", "/%2F"),
    path_type: fc.constantFrom("Exact" as const, "Prefix" as const),
    kind: fc.constantFrom("http" as const, "passthrough" as const),
    match: fc.record({ query: fc.array(fc.record({ name: word, value: fc.string() })) }),
  });
  fc.assert(
    fc.property(routes, routes, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(routeKey(made(one)) === routeKey(made(other))).toBe(same);
      expect(routeKey(made(one))).toMatch(/^[\x20-\x7e]+$/);
    }),
  );
});

test.each([
  { name: "a path outside ASCII, which two bytes would make another path", path: "/š" },
  { name: "a path with a space", path: "/a b" },
  { name: "a path without its slash", path: "a" },
])("$name is refused", ({ path }) => {
  expect(v.safeParse(Route, { ...base, path }).success).toBe(false);
});

test("a match whose key would crowd the head out of an opening is refused", () => {
  const headers = [{ name: "x", value: "é".repeat(4_000) }];
  expect(v.safeParse(Route, { ...base, match: { headers } }).success).toBe(false);
});
