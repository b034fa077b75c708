import { describe, expect, test } from "vitest";
import type { RouteInput } from "@warren/wire";
import { HostTable } from "../src/routes/host-table.ts";
import { asked, entry, services } from "./_routes-kit.ts";

type Given = Partial<RouteInput>;
const EXACT = "Exact" as const;
const OTHER = "ImplementationSpecific" as const;

function tableOf(routes: Given[]): HostTable {
  const table = new HostTable("a.test");
  for (const one of routes) table.put(entry(one));
  return table;
}

describe("a host whose controller reads paths as expressions", () => {
  const open: Given = { service: "open", controller: "paths" };
  const policy = { allow: ["192.0.2.0/24"] };
  const guarded = (path: string, more: Given = {}): Given => ({
    path,
    path_type: OTHER,
    service: "guarded",
    controller: "expressions",
    policy,
    ...more,
  });
  const admin = guarded("/admin(/|$)(.*)");
  const webhook: Given = { ...open, path: "/webhook", service: "webhook" };
  test.each<{ name: string; routes: Given[]; target: string; want: string }>([
    {
      name: "a guard is in force beside /",
      routes: [open, admin],
      target: "/admin",
      want: "guarded",
    },
    { name: "and below", routes: [open, admin], target: "/admin/x?y", want: "guarded" },
    { name: "without case", routes: [open, admin], target: "/ADMIN/x", want: "guarded" },
    { name: "not for a longer word", routes: [open, admin], target: "/admins", want: "open" },
    { name: "nor elsewhere", routes: [open, admin], target: "/", want: "open" },
    { name: "slashes are merged", routes: [open, admin], target: "//ADMIN", want: "bad_request" },
    {
      name: "also where a literal path has the guard",
      routes: [open, guarded("/admin", { path_type: "Prefix" })],
      target: "/Admin/users",
      want: "guarded",
    },
    {
      name: "by characters then",
      routes: [open, guarded("/admin", { path_type: "Prefix" })],
      target: "/adminx",
      want: "guarded",
    },
    {
      name: "a path parameter is a character",
      routes: [open, guarded("/admin", { path_type: EXACT })],
      target: "/admin;x",
      want: "bad_request",
    },
    {
      name: "whoever of the host asked for expressions",
      routes: [
        { ...open, path: "/api/(.*)", path_type: OTHER, controller: "expressions" },
        open,
        guarded("/admin", { path_type: "Prefix", controller: "paths" }),
      ],
      target: "/ADMIN",
      want: "guarded",
    },
    {
      name: "nobody asked for expressions: paths have case and elements",
      routes: [open, guarded("/admin", { path_type: "Prefix", controller: "paths" })],
      target: "/adminx",
      want: "open",
    },
    {
      name: "a dot is any character",
      routes: [open, guarded("/v1.0/(.*)")],
      target: "/v1%200/x",
      want: "guarded",
    },
    {
      name: "the longer of two is meant",
      routes: [guarded("/(.*)"), webhook],
      target: "/webhook/x",
      want: "webhook",
    },
    {
      name: "and the guard of / holds everywhere else",
      routes: [guarded("/(.*)"), webhook],
      target: "/WEB",
      want: "guarded",
    },
    {
      name: "an expression that nobody here can read opens nothing",
      routes: [
        guarded("/", { path_type: "Prefix" }),
        { ...open, path: "/web[a-z]+", path_type: OTHER, controller: "expressions" },
      ],
      target: "/webhook",
      want: "guarded",
    },
    {
      name: "and holds all that it may match",
      routes: [open, guarded("/(admin|users)/(.*)")],
      target: "/users/1",
      want: "guarded",
    },
    {
      name: "two that begin alike keep their guards",
      routes: [
        { ...open, path: "/(api|web)/(.*)", path_type: OTHER, controller: "expressions", age: 1 },
        guarded("/(admin)/(.*)", { age: 2 }),
      ],
      target: "/admin/x",
      want: "guarded",
    },
    {
      name: "two guards that may both be meant are answered 400",
      routes: [
        guarded("/", { path_type: "Prefix", policy: { allow: ["10.0.0.0/8"] } }),
        guarded("/adm[a-z]+"),
      ],
      target: "/admin",
      want: "bad_request",
    },
    {
      name: "alternatives begin nowhere",
      routes: [open, guarded("/x|/admin")],
      target: "/any/admin",
      want: "guarded",
    },
    {
      name: "what is dialled at its Service never comes to the controller",
      routes: [{ path: "/administration", service: "direct" }, open, guarded("/admin(.*)")],
      target: "/administration",
      want: "direct",
    },
    {
      name: "a controller's longer path comes before a Service's /",
      routes: [
        { path: "/", service: "direct" },
        { ...admin, policy: {} },
      ],
      target: "/admin/x",
      want: "guarded",
    },
  ])("$name", ({ routes, target, want }) => {
    const named = routes.map((one, at) => ({ ...one, ingress_name: `one-${at}` }));
    for (const all of [named, named.toReversed()]) {
      const table = tableOf(all);
      const got = services(table.answer(asked("a.test", target)));
      expect(typeof got === "string" ? got : got.join()).toBe(
        /^[a-z]+_/.test(want) ? want : `c1/${want}`,
      );
    }
  });

  test("is one that reads paths as they stand again when the last expression goes", () => {
    const table = tableOf([open, guarded("/admin", { path_type: "Prefix", controller: "paths" })]);
    const expression = entry({ ...admin, ingress_name: "x" });
    table.put(expression);
    expect(services(table.answer(asked("a.test", "/ADMIN")))).toEqual(["c1/guarded"]);
    table.remove(expression);
    expect(services(table.answer(asked("a.test", "/ADMIN")))).toEqual(["c1/open"]);
  });
});
