import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { LimitRates } from "../ports.ts";
import { TokenBuckets } from "./token-buckets.ts";

let time: number;
const make = (gateways = 1, buckets = 100): TokenBuckets =>
  new TokenBuckets({ now: () => time, gateways, buckets });
const key = { clusterUuid: "c1", routeKey: "r1", address: "192.0.2.1" };
const rates = (some: Partial<LimitRates>): LimitRates => ({
  cluster: undefined,
  client: undefined,
  route: undefined,
  ...some,
});
/** How many of `tries` may go at this moment. */
const granted = (limits: TokenBuckets, tries: number, some: Partial<LimitRates>): number =>
  Array.from({ length: tries }, () => limits.take(key, rates(some))).filter((ms) => ms === 0)
    .length;

beforeEach(() => {
  time = 5_000;
});

describe("token buckets", () => {
  test("nothing is limited unless set", () => {
    expect(granted(make(), 10_000, {})).toBe(10_000);
  });

  test("the burst goes at once, then the rate, then the burst again after a rest", () => {
    const limits = make();
    const cluster = { per_second: 100, burst: 1000 };
    expect(granted(limits, 2000, { cluster })).toBe(1000);
    time += 1000;
    expect(granted(limits, 2000, { cluster })).toBe(100);
    time += 60_000;
    expect(granted(limits, 2000, { cluster })).toBe(1000);
  });

  test("the wait it names is the wait that helps, and none less", () => {
    const limits = make();
    const route = { per_second: 4, burst: 1 };
    expect(limits.take(key, rates({ route }))).toBe(0);
    expect(limits.take(key, rates({ route }))).toBe(250);
    time += 249;
    expect(limits.take(key, rates({ route }))).toBe(1);
    time += 1;
    expect(limits.take(key, rates({ route }))).toBe(0);
  });

  test("a request that one bucket refuses takes nothing from the others", () => {
    const limits = make();
    const cluster = { per_second: 1, burst: 2 };
    const route = { per_second: 1, burst: 1 };
    expect(limits.take(key, rates({ cluster, route }))).toBe(0);
    for (let i = 0; i < 10; i++) expect(limits.take(key, rates({ cluster, route }))).toBe(1000);
    expect(limits.take({ ...key, routeKey: "r2" }, rates({ cluster, route }))).toBe(0);
  });

  test.each([
    { name: "another cluster", other: { ...key, clusterUuid: "c2" }, kind: "cluster", want: true },
    { name: "another route", other: { ...key, routeKey: "r2" }, kind: "route", want: true },
    {
      name: "another cluster's route of that name",
      other: { ...key, clusterUuid: "c2" },
      kind: "route",
      want: true,
    },
    { name: "another client", other: { ...key, address: "192.0.2.2" }, kind: "client", want: true },
    {
      name: "the same client at another cluster",
      other: { ...key, clusterUuid: "c2" },
      kind: "client",
      want: true,
    },
    {
      name: "the same client at another route",
      other: { ...key, routeKey: "r2" },
      kind: "client",
      want: false,
    },
    {
      name: "another client of the same cluster",
      other: { ...key, address: "192.0.2.2" },
      kind: "cluster",
      want: false,
    },
  ])("$name has a bucket of its own: $want", ({ other, kind, want }) => {
    const limits = make();
    const only = rates({ [kind]: { per_second: 1, burst: 1 } });
    expect(limits.take(key, only)).toBe(0);
    expect(limits.take(other, only) === 0).toBe(want);
  });

  test("all addresses of one IPv6 /64 are one client", () => {
    const limits = make();
    const only = rates({ client: { per_second: 1, burst: 1 } });
    expect(limits.take({ ...key, address: "2001:db8::1" }, only)).toBe(0);
    expect(limits.take({ ...key, address: "2001:db8::2" }, only)).toBe(1000);
    expect(limits.take({ ...key, address: "2001:db8:0:1::2" }, only)).toBe(0);
  });

  test("of several gateways each grants its part", () => {
    const cluster = { per_second: 100, burst: 1000 };
    const limits = make(4);
    expect(granted(limits, 2000, { cluster })).toBe(250);
    time += 1000;
    expect(granted(limits, 2000, { cluster })).toBe(25);
    limits.setGateways(1);
    time += 60_000;
    expect(granted(limits, 2000, { cluster })).toBe(1000);
  });

  test("an attacker with many addresses gets no more memory than there are buckets", () => {
    const limits = make(1, 10);
    const only = rates({ client: { per_second: 1, burst: 1 } });
    const at = (i: number): number => limits.take({ ...key, address: `10.0.0.${i}` }, only);
    for (let i = 0; i < 10; i++) expect(at(i)).toBe(0);
    expect(at(0)).toBe(1000);
    expect(at(10)).toBe(0);
    // The least recently used made room and starts afresh; the one just asked for did not.
    expect(at(0)).toBe(1000);
    expect(at(1)).toBe(0);
  });

  test("over any span no more goes than the burst and the rate allow", () => {
    const gaps = fc.array(fc.nat(400), { maxLength: 200 });
    fc.assert(
      fc.property(
        gaps,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (gaps, perSecond, burst) => {
          time = 0;
          const limits = make();
          let sent = 0;
          for (const gap of gaps) {
            time += gap;
            if (limits.take(key, rates({ route: { per_second: perSecond, burst } })) === 0)
              sent += 1;
          }
          expect(sent).toBeLessThanOrEqual(burst + (time / 1000) * perSecond + 1e-6);
        },
      ),
    );
  });
});
