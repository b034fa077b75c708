/** Hosts that are proved by TXT records, asked for at a real DNS server. */
import { testDns, virtualClock, type TestDns } from "@warren/host/testing";
import { EVERYBODY } from "@warren/wire";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openDns, type Dns } from "../src/names/dns.ts";
import { DomainProofs, type Prover } from "../src/names/domain-proofs.ts";
import { HostOwnership } from "../src/names/host-ownership.ts";
import { provedClaims } from "../src/names/proved-claims.ts";
import { whyDomain } from "../src/names/why-domain.ts";
import { memoryRecords } from "../src/records/memory-records.ts";
import type { RecordKind, Records, RecordStore } from "../src/records/records.ts";
import { memoryRegistry } from "../src/registry/memory.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { change, route } from "./_routes-kit.ts";

const owned = new AsyncDisposableStack();
const A: Prover = { clusterUuid: "11111111-1111-4111-8111-111111111111", group: "red" };
const B: Prover = { clusterUuid: "22222222-2222-4222-8222-222222222222", group: "blue" };
const HOUR_MS = 3_600_000;
let server: TestDns;
let dns: Dns;

beforeAll(async () => {
  server = owned.use(await testDns());
  dns = openDns([server.address]);
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  server.zone.TXT = {};
  server.asked.length = 0;
  server.mood = "well";
});

interface Kit {
  claimed?: boolean;
  store?: RecordStore;
  claims?: ReturnType<typeof provedClaims>;
}

function kit({ claimed = false, store, claims }: Kit = {}) {
  const clock = virtualClock();
  const wallClock = () => 1_000_000_000_000 + clock.now();
  const lost: string[] = [];
  const proofs = new DomainProofs({
    dns,
    clock,
    wallClock,
    store: store ?? memoryRecords({ wallClock }),
    graceMs: 24 * HOUR_MS,
    hasClaimed: async () => claimed,
    onLost: async (_prover, host) => void lost.push(host),
    ...claims,
  });
  return { clock, lost, proofs };
}

/** One store for several processes, one after another. */
function sharedRecords(): RecordStore {
  const store = memoryRecords({ wallClock: () => 0 });
  const kinds = new Map<string, unknown>();
  return {
    ...store,
    records<T>(kind: RecordKind<T>) {
      if (!kinds.has(kind.name)) kinds.set(kind.name, store.records(kind));
      return kinds.get(kind.name) as Records<T>;
    },
  };
}

test.each([
  {
    name: "its uuid",
    host: "a.test",
    at: "_warren.a.test",
    text: `warren-cluster=${A.clusterUuid}`,
  },
  { name: "its group", host: "a.test", at: "_warren.a.test", text: "warren-group=red" },
  { name: "a wildcard's parent", host: "*.a.test", at: "_warren.a.test", text: "warren-group=red" },
])("a record with $name proves a host, for nobody else", async ({ host, at, text }) => {
  const { proofs } = kit();
  server.zone.TXT[at] = ["v=spf1 -all", text];
  expect(await proofs.check(A, host)).toBeUndefined();
  expect(proofs.proven(A)).toEqual([host]);
  expect(await proofs.check(B, host)).toMatchObject({ code: "host_not_allowed" });
  expect(proofs.proven(B)).toEqual([]);
});

test("who has no record hears exactly which one to make, and is looked up again soon", async () => {
  const { clock, proofs } = kit();
  const refusal = await proofs.check(A, "shop.test");
  const record = `_warren.shop.test TXT "warren-cluster=${A.clusterUuid}"`;
  expect(refusal?.message).toContain(record);
  server.zone.TXT["_warren.shop.test"] = [`warren-cluster=${A.clusterUuid}`];
  expect(await proofs.check(A, "shop.test")).toEqual(refusal);
  clock.advance(15_000);
  expect(await proofs.check(A, "shop.test")).toBeUndefined();
  await proofs.check(A, "shop.test");
  expect(server.asked.length).toBe(2);
});

test("a host whose record is gone is given up after a grace, and not while DNS fails", async () => {
  const { clock, lost, proofs } = kit();
  server.zone.TXT["_warren.a.test"] = ["warren-group=red"];
  await proofs.check(A, "a.test");
  const later = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 600_000) {
      clock.advance(600_000);
      await proofs.check(A, "a.test");
      await proofs.sweep();
    }
  };
  server.mood = "failing";
  await later(30 * HOUR_MS);
  expect([lost, proofs.proven(A)]).toEqual([[], ["a.test"]]);
  server.mood = "well";
  server.zone.TXT = {};
  await later(23 * HOUR_MS);
  expect([lost, proofs.proven(A)]).toEqual([[], ["a.test"]]);
  await later(2 * HOUR_MS);
  expect([lost, proofs.proven(A)]).toEqual([["a.test"], []]);
  expect(await proofs.check(A, "a.test")).toMatchObject({ code: "host_not_allowed" });
}, 20_000);

test("after a restart what was claimed before is served while DNS fails", async () => {
  server.mood = "failing";
  expect(await kit({ claimed: true }).proofs.check(A, "a.test")).toBeUndefined();
  const { message } = (await kit().proofs.check(A, "a.test"))!;
  expect(message).toMatch(/^DNS could not be asked \(ESERVFAIL\)/);
});

test("a cluster that makes hosts up asks no more than its share; others are answered", async () => {
  const { clock, proofs } = kit();
  const ask = (from: number) =>
    Promise.all(Array.from({ length: 40 }, (_, at) => proofs.check(A, `h${from + at}.test`)));
  for (const from of [0, 100, 200]) await ask(from);
  expect(server.asked.length).toBe(100);
  expect((await proofs.check(A, "one-more.test"))?.code).toBe("rate_limited");
  server.zone.TXT["_warren.b.test"] = ["warren-group=blue"];
  expect(await proofs.check(B, "b.test")).toBeUndefined();
  clock.advance(10_000);
  await ask(300);
  expect(server.asked.length).toBe(100 + 1 + 20);
});

test("a gateway that starts again and again gives no new grace", async () => {
  const store = sharedRecords();
  const ask = async (hoursPassed: number) => {
    const { clock, lost, proofs } = kit({ claimed: true, store });
    clock.advance(hoursPassed * HOUR_MS);
    await proofs.check(A, "a.test");
    proofs.close();
    return lost;
  };
  expect(await ask(0)).toEqual([]);
  expect(await ask(20)).toEqual([]);
  expect(await ask(25)).toEqual(["a.test"]);
  // The record is back: what was counted before counts no more.
  server.zone.TXT["_warren.a.test"] = ["warren-group=red"];
  expect(await ask(26)).toEqual([]);
  server.zone.TXT = {};
  expect(await ask(27)).toEqual([]);
});

test("below a wildcard that is proved a host may be shut, and not published", async () => {
  const { proofs } = kit();
  const ownership = new HostOwnership(undefined, proofs);
  server.zone.TXT["_warren.a.test"] = ["warren-group=red"];
  const policy = { deny: [...EVERYBODY] };
  const shut = route({ host: "admin.a.test", policy });
  const all = [shut, route({ host: "*.a.test" }), route({ host: "b.test", policy })];
  const owner = { ...A, hosts: [], names: [] };
  const admitted = await ownership.admit(owner, all);
  expect(admitted.routes.map(({ host }) => host)).toEqual(["admin.a.test", "*.a.test"]);
  const opened = await ownership.admit(owner, [route({ host: "admin.a.test" }), shut]);
  expect(opened.routes).toEqual([]);
  const hosts = ["admin.a.test", "*.a.test", "b.test"];
  expect(hosts.map(admitted.isBorrowed)).toEqual([true, false, false]);
  const covered = await ownership.admit({ ...owner, hosts: ["admin.a.test"] }, all);
  expect(covered.isBorrowed("admin.a.test")).toBe(false);
});

/** Publishes by what is proved, as a gateway does. */
function publishing(owner: Prover) {
  const registry = memoryRegistry({
    clock: virtualClock(),
    wallClock: () => 0,
    ttlMs: HOUR_MS,
    ports: undefined,
    quotas: NO_QUOTAS,
    kept: undefined,
    keep: undefined,
  });
  const claims = provedClaims(registry);
  const say = async (proofs: DomainProofs, who: Prover, ...routes: ReturnType<typeof route>[]) => {
    const ownership = new HostOwnership(undefined, proofs);
    const admitted = await ownership.admit({ ...who, hosts: [], names: [] }, routes);
    const { rejected } = await registry.apply(change({ ...who, ...admitted }));
    return [...admitted.refused.map(({ why }) => why), ...rejected].map(({ code }) => code);
  };
  const shut = route({ host: "admin.a.test", policy: { deny: [...EVERYBODY] } });
  const all = [route({ host: "*.a.test" }), shut];
  return { registry, claims, say, shut: (proofs: DomainProofs) => say(proofs, owner, ...all) };
}

test("a host that was shut below a wildcard was not proved by that, also after a restart", async () => {
  server.zone.TXT["_warren.a.test"] = ["warren-group=red"];
  const { claims, say, shut } = publishing(A);
  expect(await shut(kit({ claims }).proofs)).toEqual([]);
  const { proofs } = kit({ claims });
  expect(await say(proofs, A, route({ host: "admin.a.test" }))).toEqual(["host_not_allowed"]);
});

test("a host that another cluster shuts below its wildcard is whose record names it", async () => {
  server.zone.TXT["_warren.a.test"] = ["warren-group=red"];
  server.zone.TXT["_warren.admin.a.test"] = ["warren-group=blue"];
  const { claims, registry, say, shut } = publishing(A);
  const { proofs } = kit({ claims });
  expect(await shut(proofs)).toEqual([]);
  expect(await say(proofs, B, route({ host: "admin.a.test" }))).toEqual([]);
  expect(await registry.claimOf("admin.a.test")).toMatchObject({ group: "blue", served: true });
});

test("a proved host without routes is still its cluster's where a wildcard answers, and ends with its proof", async () => {
  const { claims, registry } = publishing(A);
  const wild = route({ host: "*.a.test" });
  const both = change({ ...A, revision: 1, routes: [wild, route({ host: "one.a.test" })] });
  await registry.apply(both);
  await registry.apply(change({ ...A, revision: 2, routes: [wild] }));
  expect(await claims.hasClaimed(A, "one.a.test")).toBe(true);
  expect(await claims.hasClaimed(A, "two.a.test")).toBe(false);
  await claims.onLost(A, "one.a.test");
  expect(await claims.hasClaimed(A, "one.a.test")).toBe(false);
});

test("why says what is missing for a host that is shut below a wildcard", async () => {
  server.zone.TXT["_warren.a.test"] = ["warren-group=red"];
  const { claims, registry, shut } = publishing(A);
  await shut(kit({ claims }).proofs);
  const none = { names: undefined, folder: undefined, clusters: undefined, acme: undefined };
  const hosts = { ...none, dns, isProofAsked: true };
  expect(await whyDomain({ registry, hosts }, "admin.a.test")).toMatchObject({
    ownership: { says: expect.stringMatching(/^not proved yet: .* _warren.admin.a.test TXT/) },
  });
});

test("what is shut below a wildcard is given up with it", async () => {
  server.zone.TXT["_warren.a.test"] = ["warren-group=red"];
  const { claims, registry, shut } = publishing(A);
  const { clock, proofs } = kit({ claims });
  await shut(proofs);
  server.zone.TXT = {};
  for (let hours = 0; hours < 26; hours += 1) {
    clock.advance(HOUR_MS);
    await proofs.check(A, "*.a.test");
  }
  expect(await registry.claims()).toEqual([]);
});
