import { randomUUID } from "node:crypto";
import type { RouteInput } from "@warren/wire";
import { expect, test } from "vitest";
import { asked, entry, services } from "../../test/_routes-kit.ts";
import { HostTable } from "../routes/host-table.ts";
import { rolloutView } from "./rollout-view.ts";
import { Rollout, rolledOut, shareOf } from "./rollout.ts";
import type { Registry } from "../ports.ts";

/** Of clusters that nobody has heard of. */
const unheard = () => undefined;
const uuids = Array.from({ length: 2_000 }, () => randomUUID());
const served = (percent: number, clusters: string[] = []) => {
  const rollout = Rollout.of({ percent, clusters }, unheard);
  return uuids.filter((uuid) => rollout?.isServed(entry({}, uuid)) !== false);
};
const IN = "00000000-0000-4000-8000-000000000002";
const OUT = "00000000-0000-4000-8000-000000000001";

test("a larger share has every cluster of a smaller one", () => {
  const shares = [0, 1, 25, 50, 75, 99, 100].map((percent) => new Set(served(percent)));
  for (const [i, share] of shares.entries())
    for (const uuid of shares[i - 1] ?? []) expect(share.has(uuid)).toBe(true);
  expect(shares[0]!.size).toBe(0);
  expect(shares.at(-1)!.size).toBe(uuids.length);
});

test.each([25, 50])("%d percent is that share of the clusters", (percent) => {
  expect(served(percent).length / uuids.length).toBeCloseTo(percent / 100, 1);
});

test("a cluster's place among all is its own for ever, however its uuid is written", () => {
  expect(shareOf("11111111-1111-4111-8111-111111111111")).toBeCloseTo(74.008767, 6);
  expect(shareOf("AAAAAAAA-1111-4111-8111-111111111111")).toBe(
    shareOf("aaaaaaaa-1111-4111-8111-111111111111"),
  );
});

test("a listed cluster is served at 0 percent, and one that has only an endpoint to say for itself", () => {
  const rollout = Rollout.of({ percent: 0, clusters: [IN] }, unheard)!;
  const endpoint = { scheme: "https" as const, host: "lb.test", port: 443 };
  expect(rollout.isServed(entry({}, IN))).toBe(true);
  expect(rollout.isServed(entry({}, OUT))).toBe(false);
  expect(rollout.isServed(entry({ mode: "both", endpoint }, OUT))).toBe(true);
});

test.each([
  {
    name: "public, whatever the mode of its routes",
    isPublic: true,
    mode: "tunnel" as const,
    want: true,
  },
  {
    name: "private, whatever the mode of its routes",
    isPublic: false,
    mode: "both" as const,
    want: false,
  },
])("a cluster that says it is $name, is served: $want", ({ isPublic, mode, want }) => {
  const presence = () => ({ online: true, since: 0, isPublic });
  const rollout = Rollout.of({ percent: 0, clusters: [] }, presence)!;
  const endpoint =
    mode === "both" ? { scheme: "https" as const, host: "lb.test", port: 443 } : undefined;
  expect(rollout.isServed(entry({ mode, endpoint }, OUT))).toBe(want);
});

test("a cluster that turns out to be public is served from then on, and not once it is not", () => {
  const known: { isPublic: boolean | undefined } = { isPublic: undefined };
  const presence = () => ({ online: true, since: 0, ...known });
  const rollout = Rollout.of({ percent: 0, clusters: [] }, presence)!;
  const table = new HostTable("a.test");
  table.put(entry({}, OUT));
  const found = table.answer(asked("a.test"));
  const seen = [undefined, true, false].map((isPublic) => {
    known.isPublic = isPublic;
    return "refused" in rollout.judge(found);
  });
  expect(seen).toEqual([true, false, true]);
});

type Lookups = Pick<Registry, "lookup" | "lookupServerName" | "lookupPort">;

function judged(...given: [string, Partial<RouteInput>][]) {
  const table = new HostTable("a.test");
  for (const [cluster, more] of given) table.put(entry(more, cluster));
  const lookups: Lookups = {
    lookup: () => table.answer(asked("a.test")),
    lookupServerName: () => Promise.resolve(table.answer(asked("a.test"))),
    lookupPort: () => table.answer(asked("a.test")),
  };
  const rollout = Rollout.of({ percent: 0, clusters: [IN] }, unheard);
  return rolledOut(lookups, rollout).lookup(asked("a.test"));
}

test("of clusters that share a host those that are served take it all", async () => {
  const filters = { redirect: {} };
  const answer = await judged([OUT, { policy: { raw_path: true }, filters }], [IN, {}]);
  expect(services(answer)).toEqual([`${IN}/web`]);
  // Policy and filters are those of the first that serves.
  expect(answer).toMatchObject({ found: { policy: { raw_path: false }, filters: undefined } });
});

test("a host of none that is served is not enabled, and one that nobody has is unknown", async () => {
  expect(services(await judged([OUT, {}]))).toBe("not_enabled");
  expect(services(await judged())).toBe("no_route");
});

test("where all are served look-ups are left as they are", () => {
  const lookups = {
    lookup: () => judged(),
    lookupServerName: () => judged(),
    lookupPort: () => judged(),
  };
  expect(rolledOut(lookups, Rollout.of({ percent: 100, clusters: [] }, unheard))).toBe(lookups);
});

test("what is served is counted over all pages, cluster by cluster", async () => {
  const hosts = Array.from({ length: 2_500 }, (_, i) => `h${String(i).padStart(5, "0")}.test`);
  const all = hosts.map((host, i) => entry({ host }, i % 5 === 0 ? IN : OUT));
  const registry = {
    routes: async ({ after = "", limit }: { after: string | undefined; limit: number }) =>
      all.filter(({ route: { host } }) => host > after).slice(0, limit),
    presence: unheard,
  };
  const settings = { percent: 0, clusters: [IN], fallback: undefined };
  expect(await rolloutView(registry, Rollout.of(settings, unheard), settings)).toEqual({
    percent: 0,
    clusters: [IN],
    fallback: null,
    served: 1,
    of: 2,
  });
});
