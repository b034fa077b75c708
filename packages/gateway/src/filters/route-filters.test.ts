import { parseRequestHead, Refusal, type RequestHead } from "@warren/http";
import { Route, type RouteInput } from "@warren/wire";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { RouteFilters } from "./route-filters.ts";

type Given = NonNullable<RouteInput["filters"]>;

function filters(given: Given, path = "/"): RouteFilters {
  const route = { host: "a.test", service: "web", port: 80, path, filters: given };
  return RouteFilters.of(v.parse(Route, route))!;
}

function head(target: string, host = "a.test", more = ""): RequestHead {
  const text = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
  const read = parseRequestHead({ bytes: Buffer.from(text), from: 0, text });
  if (read instanceof Refusal) throw new Error(read.message);
  return read;
}

describe("a redirect", () => {
  test.each([
    { name: "of nothing leads to itself", redirect: {}, want: "http://a.test/x?q" },
    {
      name: "keeps the client's port",
      host: "a.test:8080",
      redirect: {},
      want: "http://a.test:8080/x?q",
    },
    { name: "leaves out port 80 of http", redirect: { port: 80 }, want: "http://a.test/x?q" },
    { name: "says another port", redirect: { port: 8443 }, want: "http://a.test:8443/x?q" },
    {
      name: "says 443 where it is not https",
      redirect: { port: 443 },
      want: "http://a.test:443/x?q",
    },
    {
      name: "to https has its port",
      redirect: { scheme: "https" as const },
      want: "https://a.test/x?q",
    },
    {
      name: "to https forgets the client's port",
      host: "a.test:8080",
      redirect: { scheme: "https" as const },
      want: "https://a.test/x?q",
    },
    {
      name: "of a client over TLS stays there",
      secure: true,
      redirect: { host: "b.test" },
      want: "https://b.test/x?q",
    },
    {
      name: "leaves out port 443 of https",
      secure: true,
      redirect: { port: 443 },
      want: "https://a.test/x?q",
    },
    {
      name: "to http from TLS says no port",
      secure: true,
      redirect: { scheme: "http" as const },
      want: "http://a.test/x?q",
    },
    {
      name: "replaces the path and keeps the query",
      redirect: { path: { type: "full" as const, value: "/new" } },
      want: "http://a.test/new?q",
    },
    {
      name: "replaces the prefix",
      redirect: { path: { type: "prefix" as const, value: "/new" } },
      want: "http://a.test/new/x?q",
    },
  ])("$name", ({ redirect, host, secure = false, want }) => {
    const { redirect: rule } = filters({ redirect });
    expect(rule!.location(head("/x?q", host), secure)).toBe(want);
  });

  test("of two slashes leads to no other host", () => {
    const { redirect: rule } = filters({ redirect: { path: { type: "prefix", value: "" } } }, "/a");
    expect(rule!.location(head("/a//evil.test"), false)).toBe("http://a.test//evil.test");
  });
});

describe("a request's head", () => {
  const LINES =
    "Host: a.test\r\nX-One: 1\r\nx-two: 2\r\nX-ONE: 3\r\nx-forwarded-for: 192.0.2.1\r\n";
  test.each([
    {
      name: "has fields set in place of all of that name",
      given: { request_headers: { set: [{ name: "X-One", value: "new" }] } },
      want: "Host: a.test\r\nx-two: 2\r\nx-forwarded-for: 192.0.2.1\r\nx-one: new\r\n",
    },
    {
      name: "has fields added beside those of that name",
      given: { request_headers: { add: [{ name: "x-two", value: "b" }] } },
      want: `${LINES}x-two: b\r\n`,
    },
    {
      name: "has fields removed, also the gateway's own",
      given: { request_headers: { remove: ["x-one", "X-Forwarded-For"] } },
      want: "Host: a.test\r\nx-two: 2\r\n",
    },
    {
      name: "names another host, once",
      given: { rewrite: { host: "B.test" } },
      want: `host: b.test\r\n${LINES.slice(14)}`,
    },
  ])("$name", ({ given, want }) => {
    expect(filters(given).requestHead(head("/x"), LINES)).toBe(`GET /x HTTP/1.1\r\n${want}\r\n`);
  });

  test("has another path, and its framing and upgrade as they were", () => {
    const rewrite = { path: { type: "prefix" as const, value: "/b" } };
    const asked = head("/a/x?q=1", "a.test", "connection: upgrade\r\nupgrade: websocket\r\n");
    expect(filters({ rewrite }, "/a").requestHead(asked, "")).toBe(
      "GET /b/x?q=1 HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    );
  });
});

test("a filter that changes nothing is none", () => {
  expect(filters({ response_headers: {} }).response).toBeUndefined();
});
