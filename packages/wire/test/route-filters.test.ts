import * as v from "valibot";
import { expect, test } from "vitest";
import { Route, routeKey, type RouteInput } from "../src/index.ts";

const PLAIN: RouteInput = { host: "a.example", service: "web", port: 80 };
const read = (more: object) => v.safeParse(Route, { ...PLAIN, ...more });
const setting = (name: string, value = "x") => ({
  filters: { request_headers: { set: [{ name, value }] } },
});

test.each([
  { name: "nothing more", more: {} },
  { name: "a field to set", more: setting("X-Team", "blue sky") },
  { name: "an empty field", more: setting("x-team", "") },
  { name: "a redirect of the scheme alone", more: { filters: { redirect: { scheme: "https" } } } },
  {
    name: "a prefix that goes away",
    more: { path: "/api", filters: { rewrite: { path: { type: "prefix", value: "" } } } },
  },
  {
    name: "a direct route",
    more: { mode: "direct", endpoint: { scheme: "https", host: "203.0.113.7", port: 443 } },
  },
  {
    name: "a share that is answered",
    more: { backends: [{ service: "gone", port: 80, answer: 500 }] },
  },
  { name: "networks that may not come in", more: { policy: { deny: ["192.0.2.0/24"] } } },
])("a route may have $name", ({ more }) => {
  expect(read(more)).toMatchObject({ success: true });
});

test.each([
  { name: "a line break in a value", more: setting("x-team", "a\r\nhost: evil") },
  { name: "a zero byte in a value", more: setting("x-team", "a\0") },
  { name: "a value outside ASCII", more: setting("x-team", "\u0100") },
  { name: "a name that is no token", more: setting("x team") },
  { name: "a pseudo field", more: setting(":path") },
  { name: "an empty name", more: setting("") },
  ...["Host", "content-length", "Transfer-Encoding", "connection", "upgrade", "TE", "trailer"].map(
    (field) => ({ name: `a filter on ${field}`, more: setting(field) }),
  ),
  {
    name: "a removed framing field",
    more: { filters: { response_headers: { remove: ["content-length"] } } },
  },
  {
    name: "17 fields to add",
    more: {
      filters: {
        request_headers: { add: Array.from({ length: 17 }, () => ({ name: "a", value: "b" })) },
      },
    },
  },
  { name: "a path with a query", more: rewriting("/x?y") },
  { name: "a path with a fragment", more: rewriting("/x#y") },
  { name: "a path with a line break", more: rewriting("/x\r\ny") },
  { name: "a path with a space", more: rewriting("/x HTTP/1.1") },
  { name: "a path that does not begin with a slash", more: rewriting("x") },
  { name: "a host that is a pattern", more: { filters: { rewrite: { host: "*.a.example" } } } },
  { name: "a host with a port", more: { filters: { redirect: { host: "a.example:80" } } } },
  { name: "another status", more: { filters: { redirect: { status: 200 } } } },
  { name: "a redirect and a rewrite", more: { filters: { redirect: {}, rewrite: {} } } },
  {
    name: "a prefix to replace in an exact path",
    more: { path_type: "Exact", filters: { rewrite: { path: { type: "prefix", value: "/x" } } } },
  },
  { name: "direct mode without an endpoint", more: { mode: "direct" } },
  {
    name: "direct mode for tcp",
    more: {
      kind: "tcp",
      mode: "direct",
      endpoint: { scheme: "http", host: "b.example", port: 80 },
    },
  },
  {
    name: "an endpoint with a path",
    more: { mode: "both", endpoint: { scheme: "http", host: "b.example/x", port: 80 } },
  },
])("a route may not have $name", ({ more }) => {
  expect(read(more)).toMatchObject({ success: false });
});

test("filters, mode, endpoint and age do not change what a route is", () => {
  const plain = v.parse(Route, PLAIN);
  const more = v.parse(Route, {
    ...PLAIN,
    ...setting("x-team"),
    mode: "both",
    endpoint: { scheme: "https", host: "b.example", port: 443 },
    age: 1_700_000_000_000,
  });
  expect(routeKey(more)).toBe(routeKey(plain));
});

function rewriting(value: string) {
  return { filters: { rewrite: { path: { type: "full", value } } } };
}
