import { describe, expect, test } from "vitest";
import type { RouteInput } from "@warren/wire";
import { HostTable } from "../src/routes/host-table.ts";
import { asked, entry, services } from "./_routes-kit.ts";

type Given = Partial<RouteInput>;

const policy = { allow: ["192.0.2.0/24"] };
const route = (path: string, service: string, more: Given = {}): Given => ({
  path,
  path_type: "Prefix",
  service,
  controller: "characters",
  ...more,
});
const open = route("/", "open", { controller: "paths" });
const admin = route("/admin", "guarded", { policy });

function tableOf(routes: Given[]): HostTable {
  const table = new HostTable("a.test");
  for (const one of routes) table.put(entry(one));
  return table;
}
function answer(table: HostTable, target: string): string {
  const found = services(table.answer(asked("a.test", target)));
  return typeof found === "string" ? found : found.join().replace("c1/", "");
}

describe("a host whose controller compares paths by character", () => {
  test.each<{ name: string; routes: Given[]; target: string; want: string }>([
    { name: "a guard holds beside /", routes: [open, admin], target: "/admin", want: "guarded" },
    { name: "and for longer words", routes: [open, admin], target: "/adminx", want: "guarded" },
    { name: "and below those", routes: [open, admin], target: "/adminx/y?z", want: "guarded" },
    { name: "not for others", routes: [open, admin], target: "/admi", want: "open" },
    { name: "nor in other letters", routes: [open, admin], target: "/ADMINX", want: "open" },
    {
      name: "slashes are merged",
      routes: [open, admin],
      target: "//adminx",
      want: "bad_request",
    },
    {
      name: "not where a longer path is open",
      routes: [open, admin, route("/adminx", "longer")],
      target: "/adminx/y",
      want: "longer",
    },
    {
      name: "nor where the longest that may be meant is",
      routes: [open, admin, route("/adminx", "longer")],
      target: "/adminxy",
      want: "open",
    },
    {
      name: "what is open there opens nothing",
      routes: [route("/", "closed", { controller: "paths", policy }), route("/pub", "open")],
      target: "/public",
      want: "closed",
    },
    {
      name: "of two guards nobody can tell which is meant",
      routes: [route("/", "other", { policy: { deny: ["203.0.113.0/24"] } }), admin],
      target: "/adminx",
      want: "bad_request",
    },
    {
      name: "a path that is shut is shut for longer words",
      routes: [open, route("/old", "shut", { policy: { deny: ["0.0.0.0/0", "::/0"] } })],
      target: "/older",
      want: "shut",
    },
    {
      name: "what is dialled at its Service never comes there",
      routes: [{ service: "direct" }, admin],
      target: "/adminx",
      want: "direct",
    },
    {
      name: "by element nothing is different",
      routes: [open, { ...admin, controller: "paths" }],
      target: "/adminx",
      want: "open",
    },
  ])("$name", ({ routes, target, want }) => {
    expect(answer(tableOf(routes), target)).toBe(want);
  });

  test("follows what comes, changes and goes", () => {
    const table = tableOf([open]);
    const one = entry(admin);
    table.put(one);
    table.put(one);
    expect(answer(table, "/adminx")).toBe("guarded");
    table.put({ ...one, route: { ...one.route, policy: entry(open).route.policy } });
    expect(answer(table, "/adminx")).toBe("open");
    table.put(one);
    table.remove(one);
    expect(answer(table, "/adminx")).toBe("open");
  });

  test("one of two paths as long as each other goes without the other", () => {
    const table = tableOf([open, admin, route("/adbin", "other", { policy: { allow: [] } })]);
    table.remove(entry(route("/adbin", "other")));
    expect([answer(table, "/adminx"), answer(table, "/adbinx")]).toEqual(["guarded", "open"]);
    table.remove(entry(admin));
    table.put(entry(admin));
    expect(answer(table, "/adminx")).toBe("guarded");
  });
});
