/** Certificates that clusters bring: which are taken, for which hosts, and for how long. */
import { promMetrics } from "@warren/host";
import { recordingLog, testAuthority, virtualClock } from "@warren/host/testing";
import type { Certificates } from "@warren/wire";
import { expect, test } from "vitest";
import { AcmeEvents } from "../src/acme/acme-events.ts";
import { ClusterCertificates } from "../src/certificates/cluster-certificates.ts";
import { HostOwnership } from "../src/names/host-ownership.ts";
import { memoryRecords } from "../src/records/memory-records.ts";
import type { AgentIdentity } from "../src/tunnels/identity.ts";

const authority = testAuthority();
const A = "11111111-1111-4111-8111-111111111111";
const B = "22222222-2222-4222-8222-222222222222";
const identity = (clusterUuid: string, group: string, hosts: string[]) =>
  ({ clusterUuid, group, hosts, names: [] }) as unknown as AgentIdentity;
const HOME = identity(A, "home", ["*.home.test"]);
const AWAY = identity(B, "away", ["*"]);
const DAY_MS = 86_400_000;

async function kit() {
  const clock = virtualClock();
  const began = Date.now();
  const wallClock = () => began + clock.now();
  const claims = new Map<string, string>();
  const log = recordingLog();
  const ownership = new HostOwnership(undefined, undefined);
  const certificates = await ClusterCertificates.open({
    store: memoryRecords({ wallClock }),
    claimOf: (host) => {
      const group = claims.get(host);
      return group === undefined ? undefined : { pattern: host, group, served: true };
    },
    refusalOf: (who, host) => ownership.refusalOf(who, host),
    events: new AcmeEvents(log, promMetrics()),
    clock,
    wallClock,
    random: () => 0.5,
  });
  const say = (said: Certificates, who = HOME) => certificates.hear(who, said);
  return { certificates, claims, clock, log, say };
}

function pair(name: string, hosts: string[], names = hosts, notAfter?: Date) {
  const { cert, key } = authority.issue({ hosts: names, ...(notAfter && { notAfter }) });
  return { name, hosts, cert, key };
}
const put = (...certificates: ReturnType<typeof pair>[]): Certificates => ({
  action: "put",
  certificates,
});

test("a certificate answers for the hosts that its cluster's group has claimed, as long as it has", async () => {
  const { certificates, claims, say } = await kit();
  const both = pair("ns/tls", ["a.home.test", "b.home.test"]);
  expect(await say(put(both))).toEqual({ accepted: 1, rejected: [] });
  expect(certificates.choose("a.home.test")).toBeUndefined();
  claims.set("a.home.test", "home").set("b.home.test", "away");
  await certificates.reviewed(A, new Set(["c.home.test"]));
  expect(certificates.choose("a.home.test")).toBeUndefined();
  await certificates.reviewed(A, new Set(["a.home.test"]));
  expect(certificates.choose("a.home.test")?.hosts).toEqual(both.hosts);
  expect(certificates.choose("b.home.test")).toBeUndefined();
  claims.clear();
  await certificates.sweep();
  expect(certificates.choose("a.home.test")).toBeUndefined();
});

test.each([
  {
    name: "for hosts that the token does not cover",
    give: pair("x", ["a.other.test"]),
    code: "host_not_allowed",
  },
  {
    name: "that names another host",
    give: pair("x", ["a.home.test"], ["b.home.test"]),
    code: "bad_request",
  },
  {
    name: "that has expired",
    give: pair("x", ["a.home.test"], undefined, new Date(Date.now() - 1_000)),
    code: "bad_request",
  },
  {
    name: "whose key is another's",
    give: { ...pair("x", ["a.home.test"]), key: pair("y", ["a.home.test"]).key },
    code: "bad_request",
  },
  {
    name: "that is none",
    give: { ...pair("x", ["a.home.test"]), cert: "hello" },
    code: "bad_request",
  },
])("one $name is refused, and its key is in no log", async ({ give, code }) => {
  const { certificates, claims, log, say } = await kit();
  claims.set("a.home.test", "home").set("a.other.test", "home");
  const { accepted, rejected } = await say(put(give));
  expect([accepted, rejected.map((one) => one.code)]).toEqual([0, [code]]);
  for (const host of give.hosts) expect(certificates.choose(host)).toBeUndefined();
  expect(JSON.stringify(log.lines)).not.toContain("PRIVATE KEY");
});

test("a set says what is missing, and takes away what it leaves out, of its own cluster alone", async () => {
  const { certificates, claims, say } = await kit();
  claims.set("a.home.test", "home").set("b.home.test", "home").set("c.test", "away");
  await say(put(pair("ns/a", ["a.home.test"]), pair("ns/b", ["b.home.test"])));
  await say(put(pair("ns/a", ["c.test"])), AWAY);
  const said = [
    { name: "ns/a", digest: "of another state" },
    { name: "ns/new", digest: "d" },
  ];
  const answer = await say({ action: "sync", certificates: said });
  expect(answer).toEqual({ accepted: 0, rejected: [], missing: ["ns/a", "ns/new"] });
  expect(certificates.choose("a.home.test")).toBeDefined();
  expect(certificates.choose("b.home.test")).toBeUndefined();
  await say({ action: "sync", certificates: [] });
  expect(certificates.choose("a.home.test")).toBeUndefined();
  expect(certificates.choose("c.test")).toBeDefined();
  await say({ action: "remove", names: ["ns/a", "never"] }, AWAY);
  expect(certificates.choose("c.test")).toBeUndefined();
});

test("one that expires is out of use, and a wildcard covers one label", async () => {
  const { certificates, claims, clock, say } = await kit();
  claims.set("*.home.test", "home");
  const soon = new Date(Date.now() + 2 * DAY_MS);
  await say(put(pair("ns/a", ["*.home.test"], undefined, soon)));
  expect(certificates.choose("x.home.test")).toBeDefined();
  expect(certificates.choose("y.x.home.test")).toBeUndefined();
  clock.advance(3 * DAY_MS);
  await certificates.sweep();
  expect(certificates.choose("x.home.test")).toBeUndefined();
});

test("a cluster has no more than it may", async () => {
  const { say } = await kit();
  const one = pair("x", ["a.home.test"]);
  for (let at = 0; at < 1_000; at += 10) {
    const batch = Array.from({ length: 10 }, (_, n) => ({ ...one, name: `x${at + n}` }));
    await say(put(...batch));
  }
  const { rejected } = await say(put({ ...one, name: "more" }, { ...one, name: "x7" }));
  expect(rejected.map(({ name, code }) => [name, code])).toEqual([["more", "quota_exceeded"]]);
}, 30_000);
