import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileFleet, type FleetCluster } from "../src/chooser.ts";

const cluster = (uuid: string, given: Partial<FleetCluster> = {}): FleetCluster => ({
  uuid,
  weight: 1,
  health: "up",
  draining: false,
  place: {},
  ...given,
});

/** How 10,000 evenly spread points, or as many keys, are shared out, by uuid. */
function shares(clusters: FleetCluster[], how: "weight" | "key"): Record<string, number> {
  const fleet = compileFleet({ clusters });
  const counts: Record<string, number> = {};
  for (let n = 0; n < 10_000; n += 1) {
    const at = how === "weight" ? fleet.choose(n / 10_000) : fleet.chooseFor(`192.0.2.${n}`);
    const name = clusters[at]?.uuid ?? "none";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe("who gets new work", () => {
  test.each([
    { name: "nobody where there is nobody", clusters: [], want: { none: 1 } },
    { name: "the only one", clusters: [cluster("a")], want: { a: 1 } },
    { name: "all alike", clusters: [cluster("a"), cluster("b")], want: { a: 0.5, b: 0.5 } },
    {
      name: "by weight",
      clusters: [cluster("a", { weight: 1 }), cluster("b", { weight: 3 }), cluster("c")],
      want: { a: 0.2, b: 0.6, c: 0.2 },
    },
    {
      name: "by weight, also where the heaviest fills up several",
      clusters: [1, 1, 4, 5].map((weight, n) => cluster(`c${n}`, { weight })),
      want: { c0: 1 / 11, c1: 1 / 11, c2: 4 / 11, c3: 5 / 11 },
    },
    {
      name: "not one that drains",
      clusters: [cluster("a", { draining: true }), cluster("b")],
      want: { b: 1 },
    },
    {
      name: "not one without weight",
      clusters: [cluster("a", { weight: 0 }), cluster("b")],
      want: { b: 1 },
    },
    {
      name: "not one that is down",
      clusters: [cluster("a", { health: "down" }), cluster("b")],
      want: { b: 1 },
    },
    {
      name: "one without weight before one that drains",
      clusters: [cluster("a", { weight: 0 }), cluster("b", { draining: true })],
      want: { a: 1 },
    },
    {
      name: "one that drains before one that is down",
      clusters: [cluster("a", { draining: true }), cluster("b", { health: "down" })],
      want: { a: 1 },
    },
    {
      name: "all, when all are down: trying is better than giving up",
      clusters: [cluster("a", { health: "down" }), cluster("b", { health: "down" })],
      want: { a: 0.5, b: 0.5 },
    },
  ])("$name", ({ clusters, want }) => {
    for (const how of ["weight", "key"] as const) {
      const counted = shares(clusters, how);
      expect(Object.keys(counted).toSorted()).toEqual(Object.keys(want).toSorted());
      for (const [name, share] of Object.entries(want)) {
        const off = Math.abs((counted[name] ?? 0) / 10_000 - share);
        expect(off, `${how} of ${name}`).toBeLessThan(how === "weight" ? 0.002 : 0.05);
      }
    }
  });

  test("reasons come in the order in which clusters are tried", () => {
    const clusters = [
      cluster("down", { health: "down" }),
      cluster("light", { weight: 1 }),
      cluster("draining", { draining: true }),
      cluster("heavy", { weight: 9 }),
      cluster("idle", { weight: 0 }),
    ];
    const why = compileFleet({ clusters }).why(undefined);
    expect(why.map(({ uuid }) => uuid)).toEqual(["heavy", "light", "idle", "draining", "down"]);
    expect(why[0]).toEqual({
      index: 3,
      uuid: "heavy",
      standing: "ready",
      text: "healthy, weight 9",
    });
  });
});

describe("affinity to a cluster", () => {
  const names = fc.uniqueArray(fc.uuid(), { minLength: 2, maxLength: 8 });

  test("a key moves only if its cluster goes", () => {
    fc.assert(
      fc.property(names, fc.array(fc.string()), (uuids, keys) => {
        const [gone, ...others] = uuids;
        const before = compileFleet({ clusters: uuids.map((uuid) => cluster(uuid)) });
        const after = compileFleet({ clusters: others.map((uuid) => cluster(uuid)) });
        for (const key of keys) {
          const had = uuids[before.chooseFor(key)];
          if (had !== gone) expect(others[after.chooseFor(key)]).toBe(had);
        }
      }),
    );
  });

  test("the reasons begin with the one that is chosen", () => {
    fc.assert(
      fc.property(names, fc.string(), (uuids, key) => {
        const fleet = compileFleet({
          clusters: uuids.map((uuid, n) => cluster(uuid, { weight: n })),
        });
        expect(fleet.why(key)[0]!.index).toBe(fleet.chooseFor(key));
      }),
    );
  });
});
