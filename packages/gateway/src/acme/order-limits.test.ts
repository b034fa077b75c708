import { beforeEach, describe, expect, test } from "vitest";
import { memoryRecords } from "../records/memory-records.ts";
import type { Issued } from "./acme-records.ts";
import { domainOf, OrderLimits, type OrderLimitsOptions } from "./order-limits.ts";

const DAY_MS = 86_400_000;
let now = 0;
let issued: Map<string, Partial<Issued>>;
let told: string[];
beforeEach(() => {
  now = 1_000 * DAY_MS;
  issued = new Map();
  told = [];
});

function limits(given: Partial<OrderLimitsOptions["config"]> = {}): OrderLimits {
  const config = { wildcardNames: 3, newNamesPerWeek: 4, ordersPerHour: 4, ...given };
  const copies = {
    value: (host: string) => issued.get(host) as Issued | undefined,
    entries: () => [...issued].map(([host, value]) => [host, { fence: 1, value }] as never),
  };
  const events = {
    refused: (host: string, reason: string, isNews: boolean) =>
      void told.push(`${host} ${isNews ? reason : "again"}`),
  };
  const { leases } = memoryRecords({ wallClock: () => now });
  return new OrderLimits({ config, copies, leases, events, wallClock: () => now });
}

const under = (pattern: string) => ({ pattern, group: "g" });
function has(host: string, pattern: string, firstAt = now): void {
  issued.set(host, { claim: pattern, issuedAt: now, firstAt });
}

test("under all wildcards of one domain only so many names are new in a week", () => {
  const one = limits();
  for (const host of ["a", "b", "c"]) has(`${host}.x.shop.test`, "*.x.shop.test");
  has("a.y.shop.test", "*.y.shop.test");
  expect(one.refusalOf("d.x.shop.test", under("*.x.shop.test"))).toMatch(/has its --acme-names/);
  const late = ["b.y.shop.test", under("*.y.shop.test")] as const;
  expect(one.refusalOf(...late)).toBe(
    "names under wildcards of shop.test have had this week's --acme-new-names",
  );
  expect(one.refusalOf("a.other.test", under("*.other.test"))).toBeUndefined();
  expect(one.refusalOf("a.x.shop.test", under("*.x.shop.test"))).toBeUndefined();
  expect(one.refusalOf("own.shop.test", under("own.shop.test"))).toBeUndefined();
  now += 8 * DAY_MS;
  expect(one.refusalOf(...late)).toBeUndefined();
});

test("a name that was renewed is not new", () => {
  const one = limits({ newNamesPerWeek: 1 });
  has("a.x.shop.test", "*.x.shop.test", now - 60 * DAY_MS);
  expect(one.refusalOf("b.x.shop.test", under("*.x.shop.test"))).toBeUndefined();
});

test("a certificate of before names were counted is not new, whenever it was issued", () => {
  const one = limits({ newNamesPerWeek: 1 });
  issued.set("a.x.shop.test", { claim: "*.x.shop.test", issuedAt: now - DAY_MS });
  expect(one.refusalOf("b.x.shop.test", under("*.x.shop.test"))).toBeUndefined();
});

test("names that are being ordered count already", () => {
  const one = limits({ newNamesPerWeek: 1 });
  one.begin("a.x.shop.test", under("*.x.shop.test"));
  expect(one.isRefused("b.shop.test", under("*.shop.test"))).toBe(true);
  expect(one.isRefused("a.x.shop.test", under("*.x.shop.test"))).toBe(false);
  one.end("a.x.shop.test");
  expect(one.isRefused("b.shop.test", under("*.shop.test"))).toBe(false);
});

test("half of what a group may order in an hour is left to hosts that it publishes", async () => {
  const one = limits();
  const wild = under("*.shop.test");
  expect(await one.spend("a.shop.test", wild)).toBe(true);
  expect(await one.spend("b.shop.test", wild)).toBe(true);
  expect(await one.spend("c.shop.test", wild)).toBe(false);
  expect(one.refusalOf("d.shop.test", wild)).toMatch(/had their half/);
  for (const host of ["one.test", "two.test"])
    expect(await one.spend(host, under(host))).toBe(true);
  expect(await one.spend("three.test", under("three.test"))).toBe(false);
  expect(one.refusalOf("four.test", under("four.test"))).toMatch(/this hour's --acme-orders/);
});

test("each refusal is told, and only the first of an hour is news", () => {
  const one = limits({ wildcardNames: 0 });
  for (const host of ["a.x.test", "b.x.test"]) one.isRefused(host, under("*.x.test"));
  now += 3_600_000;
  one.isRefused("c.x.test", under("*.x.test"));
  const reason = "its wildcard claim *.x.test has its --acme-names";
  expect(told).toEqual([`a.x.test ${reason}`, "b.x.test again", `c.x.test ${reason}`]);
});

describe("what a CA counts a host under", () => {
  test.each([
    { host: "*.a.shop.com", domain: "shop.com" },
    { host: "*.a.shop.co.uk", domain: "shop.co.uk" },
    { host: "*.io.de", domain: "io.de" },
    { host: "**.net.nz", domain: "**.net.nz" },
  ])("$host is $domain", ({ host, domain }) => expect(domainOf(host)).toBe(domain));
});
