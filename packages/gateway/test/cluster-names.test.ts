import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ClusterNames, labelOf } from "../src/names/cluster-names.ts";
import { HostOwnership } from "../src/names/host-ownership.ts";
import { folderRecords } from "../src/records/folder-records.ts";
import { memoryRecords } from "../src/records/memory-records.ts";

const A = "11111111-1111-4111-8111-111111111111";
const B = "22222222-2222-4222-8222-222222222222";
const DAY_MS = 86_400_000;

function kit() {
  let now = 1_000_000;
  const conflicts: string[] = [];
  const wallClock = () => now;
  const names = new ClusterNames({
    domain: "warren.test",
    store: memoryRecords({ wallClock }),
    wallClock,
    onConflict: (name, owner) => void conflicts.push(`${name} ${owner}`),
  });
  return { names, conflicts, pass: (ms: number) => void (now += ms) };
}

test("who comes first keeps the alias for as long as it comes", async () => {
  const { names, conflicts, pass } = kit();
  const give = (clusterUuid: string) => names.give({ clusterUuid, cluster: "Home Lab" });
  expect(await give(A)).toEqual([`${A}.warren.test`, "home-lab.warren.test"]);
  expect(await give(B)).toEqual([`${B}.warren.test`]);
  expect(conflicts).toEqual([`home-lab.warren.test ${A}`]);
  pass(20 * DAY_MS);
  expect(await give(A)).toHaveLength(2);
  pass(20 * DAY_MS);
  expect(await give(B)).toHaveLength(1);
  pass(20 * DAY_MS);
  expect(await give(B)).toHaveLength(2);
  expect(await give(A)).toHaveLength(1);
});

test.each([
  { name: "home", label: "home" },
  { name: "Büro Süd / 2", label: "b-ro-s-d-2" },
  { name: "---", label: undefined },
  { name: B, label: undefined },
  { name: "x".repeat(80), label: "x".repeat(63) },
])("the label of a cluster called $name", ({ name, label }) => {
  expect(labelOf(name)).toBe(label);
});

test("gateways that share a store give names below all their domains, and know them as such", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "warren-names-"));
  let now = 1_000_000;
  const wallClock = () => now;
  const open = (domain: string) => {
    const store = folderRecords({ folder: folder.path, wallClock });
    return new ClusterNames({ domain, store, wallClock, onConflict: () => {} });
  };
  const one = open("one.test");
  expect(await one.domains()).toEqual(["one.test"]);
  const two = open("two.test");
  expect(await two.give({ clusterUuid: A, cluster: "home" })).toEqual([
    `${A}.two.test`,
    "home.two.test",
    `${A}.one.test`,
    "home.one.test",
  ]);
  now += 60_000;
  const names = await one.give({ clusterUuid: A, cluster: "home" });
  expect(names).toEqual([`${A}.one.test`, "home.one.test", `${A}.two.test`, "home.two.test"]);
  const ownership = new HostOwnership(one, undefined);
  const may = async (clusterUuid: string, given: string[], host: string) =>
    (await ownership.refusalOf(
      { clusterUuid, group: "g", hosts: ["**.test"], names: given },
      host,
    )) === undefined;
  expect(await may(A, names, "app.home.two.test")).toBe(true);
  expect(await may(B, [], "app.home.two.test")).toBe(false);
});

test("names are their cluster's whatever a token says, and need no token", async () => {
  const { names } = kit();
  const own = await names.give({ clusterUuid: A, cluster: "home" });
  const ownership = new HostOwnership(names, undefined);
  const owner = { clusterUuid: A, group: "a", hosts: [], names: own };
  const greedy = { clusterUuid: B, group: "b", hosts: ["*", "**.warren.test"], names: [] };
  const may = async (who: typeof owner | typeof greedy, host: string) =>
    (await ownership.refusalOf(who, host)) === undefined;
  for (const host of ["home.warren.test", "*.home.warren.test", "app.home.warren.test", own[0]!]) {
    expect([host, await may(owner, host)]).toEqual([host, true]);
    expect([host, await may(greedy, host)]).toEqual([host, false]);
  }
  expect(await may(greedy, "free.warren.test")).toBe(true);
  expect(await may(greedy, `${B}.warren.test`)).toBe(true);
  expect(await may(owner, "free.warren.test")).toBe(false);
  expect(await may(owner, "deep.app.home.warren.test")).toBe(false);
});

test("a cluster that is called as another gateway's domain has no names below that", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "warren-names-"));
  const now = 1_000_000;
  const wallClock = () => now;
  const open = (domain: string) => {
    const store = folderRecords({ folder: folder.path, wallClock });
    return new ClusterNames({ domain, store, wallClock, onConflict: () => {} });
  };
  await open("eu.example.com").domains();
  const names = open("example.com");
  const owner = { clusterUuid: A, group: "a", hosts: [] };
  const given = await names.give({ clusterUuid: A, cluster: "eu" });
  expect(given).toContain("eu.example.com");
  const ownership = new HostOwnership(names, undefined);
  const may = async (host: string) =>
    (await ownership.refusalOf({ ...owner, names: given }, host)) === undefined;
  for (const host of ["eu.example.com", `${A}.eu.example.com`, "app.eu.eu.example.com"])
    expect([host, await may(host)]).toEqual([host, true]);
  for (const host of [`${B}.eu.example.com`, "*.eu.example.com", "shop.eu.example.com"])
    expect([host, await may(host)]).toEqual([host, false]);
});
