// Gateway API v1, HTTPRouteRule.matches: which of several matching routes serves.
import type { RouteInput } from "@warren/wire";
import { describe, expect, test } from "vitest";
import { HostTable } from "../src/routes/host-table.ts";
import { asked, entry, services } from "./_routes-kit.ts";

type Given = Partial<RouteInput>;
const field = (...names: string[]) => ({ headers: names.map((name) => ({ name, value: "1" })) });
const query = (...names: string[]) => ({ query: names.map((name) => ({ name, value: "1" })) });
const TARGET = "/a/b?q=1&r=1";

// Of each pair the first serves, in whichever order they are published.
const PAIRS: { name: string; wins: Given; loses: Given }[] = [
  {
    name: "an exact path before a prefix that asks for more",
    wins: { path: "/a/b", path_type: "Exact" },
    loses: { path: "/a/b", match: { method: "GET", ...field("x-a") } },
  },
  {
    name: "the longer prefix before a shorter one that asks for more",
    wins: { path: "/a/b" },
    loses: { path: "/a", match: { method: "GET", ...field("x-a", "x-b"), ...query("q") } },
  },
  {
    name: "a method before headers",
    wins: { match: { method: "GET" } },
    loses: { match: field("x-a", "x-b") },
  },
  {
    name: "more headers before fewer",
    wins: { match: field("x-a", "x-b") },
    loses: { match: { ...field("x-a"), ...query("q", "r") } },
  },
  {
    name: "more query parameters before fewer",
    wins: { match: { ...field("x-a"), ...query("q", "r") } },
    loses: { match: { ...field("x-b"), ...query("q") } },
  },
  {
    name: "the older of two that ask for as much",
    wins: { match: field("x-b"), age: 1_000, namespace: "z", ingress_name: "z" },
    loses: { match: field("x-a"), age: 2_000, namespace: "a", ingress_name: "a" },
  },
  {
    name: "of two as old the first by namespace",
    wins: { match: field("x-b"), age: 1_000, namespace: "a", ingress_name: "z" },
    loses: { match: field("x-a"), age: 1_000, namespace: "b", ingress_name: "a" },
  },
  {
    name: "then by name",
    wins: { match: field("x-b"), age: 1_000, ingress_name: "a" },
    loses: { match: field("x-a"), age: 1_000, ingress_name: "b" },
  },
  {
    name: "one that says its age before one that does not",
    wins: { match: field("x-b"), age: 1_000 },
    loses: { match: field("x-a") },
  },
  {
    name: "the older of two with the very same match",
    wins: { age: 1_000, ingress_name: "z" },
    loses: { age: 2_000, ingress_name: "a" },
  },
];

describe("of two routes of a cluster that both match", () => {
  for (const { name, wins, loses } of PAIRS) {
    test.each([
      { order: "published first", given: [wins, loses] },
      { order: "published last", given: [loses, wins] },
    ])(`${name}, $order`, ({ given }) => {
      const table = new HostTable("a.test");
      for (const one of given)
        table.put(entry({ ...one, service: one === wins ? "wins" : "loses" }));
      const question = asked("a.test", TARGET, { fields: { "x-a": "1", "x-b": "1" } });
      expect(services(table.answer(question))).toEqual(["c1/wins"]);
    });
  }
});

test("what the younger route lost is its own again when the older one goes", () => {
  const table = new HostTable("a.test");
  const older = entry({ age: 1, ingress_name: "old", service: "old" });
  table.put(entry({ age: 2, ingress_name: "new", service: "new" }));
  table.put(older);
  expect(services(table.answer(asked("a.test")))).toEqual(["c1/old"]);
  table.remove(older);
  expect(services(table.answer(asked("a.test")))).toEqual(["c1/new"]);
});

test("clusters that share a match keep sharing it, whatever the age of their routes", () => {
  const table = new HostTable("a.test");
  for (const [cluster, age] of [
    ["c2", 3],
    ["c1", 1],
  ] as const)
    table.put(entry({ age, service: "s" }, cluster));
  expect(services(table.answer(asked("a.test")))).toEqual(["c2/s", "c1/s"]);
});
