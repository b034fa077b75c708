// What very many routes of one host, or of one path, cost a request and each other.
import { describe, expect, test, vi } from "vitest";
import type { RouteInput } from "@warren/wire";
import { HostTable } from "../src/routes/host-table.ts";
import { asked, entry, services } from "./_routes-kit.ts";

type Given = Partial<RouteInput>;

function tableOf(routes: Given[]): HostTable {
  const table = new HostTable("a.test");
  for (const one of routes) table.put(entry(one));
  return table;
}

test.each([
  { name: "that are expressions", controller: "expressions" as const, marks: "(.*)" },
  { name: "that are compared by character", controller: "characters" as const, marks: "" },
])("of a thousand paths $name one request asks for a few", ({ controller, marks }) => {
  const at = (path: string, more: Given = {}): Given => ({
    path,
    controller,
    path_type: "ImplementationSpecific",
    ...more,
  });
  const nested = Array.from({ length: 1_000 }, (_, n) =>
    at(`/${"a".repeat(n + 1)}${marks}`, { policy: { allow: ["192.0.2.0/24"] } }),
  );
  const table = tableOf([at("/"), ...nested]);
  const answer = (path: string) => {
    const found = table.answer(asked("a.test", path));
    return "found" in found ? found.found.policy.allow : found.refused;
  };
  expect(answer("/b")).toEqual([]);
  expect(answer("/aaab")).toEqual(["192.0.2.0/24"]);
  expect(answer(`/${"a".repeat(1_001)}`)).toBe("bad_request");
});

describe("very many matches of one path", () => {
  const few = 100;
  const matching = Array.from({ length: 1_000 }, (_, n) =>
    entry({ match: { headers: [{ name: "x-a", value: String(n) }] }, service: `s${n}` }),
  );

  test("are put in order when somebody asks, not with each that comes", () => {
    let read = 0;
    const table = new HostTable("a.test");
    for (const one of matching) {
      const { match } = one.route;
      const route = {
        ...one.route,
        get match() {
          read++;
          return match;
        },
      };
      table.put({ ...one, route });
    }
    expect(services(table.answer(asked("a.test", "/", { fields: { "x-a": "7" } })))).toEqual([
      "c1/s7",
    ]);
    expect(read).toBeLessThan(few * matching.length);
  });

  test("that are expressions are grouped as they come, each for itself", () => {
    let read = 0;
    const controller = "expressions";
    const guarded = entry({ path: "/x(.*)", controller, policy: { allow: ["192.0.2.1"] } });
    const table = new HostTable("a.test");
    table.put(guarded);
    for (const [n, one] of matching.entries()) {
      const { policy } = one.route;
      const route = {
        ...one.route,
        controller,
        get policy() {
          read++;
          return policy;
        },
      } as const;
      table.put({ ...one, route });
      if (n === 0) table.answer(asked("a.test", "/x"));
    }
    expect(read).toBeLessThan(few * matching.length);
  });

  test("read a request's query once", () => {
    const table = tableOf(
      Array.from({ length: 1_000 }, (_, n) => ({
        match: { query: [{ name: "a", value: String(n) }] },
        service: `s${n}`,
      })),
    );
    const parsed = vi.spyOn(globalThis, "URLSearchParams");
    try {
      expect(services(table.answer(asked("a.test", "/?b=1&a=999&a=3")))).toEqual(["c1/s999"]);
      expect(parsed).toHaveBeenCalledTimes(1);
      expect(services(table.answer(asked("a.test", "/?a=3")))).toEqual(["c1/s3"]);
      expect(services(table.answer(asked("a.test", "/?a=none")))).toBe("no_route");
    } finally {
      parsed.mockRestore();
    }
  });
});
