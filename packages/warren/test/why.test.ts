/** What `warren why` says to a person of a host that does not work, at a gateway with an agent. */
import { RawService, answering, testAuthority, testDns } from "@warren/host/testing";
import { EVERYBODY } from "@warren/wire";
import * as v from "valibot";
import { expect, test } from "vitest";
import { clustersOf } from "../src/admin/cluster-lines.ts";
import { hintsOf } from "../src/admin/hints.ts";
import { RouteView, TunnelView, WhyView } from "../src/admin/views.ts";
import { house } from "./_cli.ts";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";

const OK = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
const HOST = "shop.test";

async function asked(joined: Joined, path: string): Promise<unknown> {
  return (await fetch(`${joined.adminUrl}${path}`)).json();
}
const itemsOf = (page: unknown) => (page as { items: unknown[] }).items;
const why = async (joined: Joined, url: string) =>
  hintsOf(v.parse(WhyView, await asked(joined, `/why?url=${url}`)));

async function joinedTo(service: RawService, dns: { address: string }, more: object = {}) {
  const { gateway = {}, ...rest } = more as { gateway?: object };
  return Joined.start({
    routes: [routeTo(HOST, service.port, { path: "/api", path_type: "Prefix" })],
    ...rest,
    gateway: { domain: "clusters.test", dnsServers: [dns.address], ...gateway },
  });
}

test("names, owners, paths and certificates that are missing are said, each with what to do", async () => {
  using service = await RawService.start(OK);
  await using dns = await testDns();
  dns.zone.A["warren.clusters.test"] = ["192.0.2.1"];
  dns.zone.A[HOST] = ["192.0.2.1"];
  dns.zone.CNAME["alias.test"] = "elsewhere.test";
  dns.zone.A["elsewhere.test"] = ["198.51.100.9"];
  const app = testAuthority().issue({ hosts: ["other.test"] });
  const gateway = { domainProof: { graceMs: 86_400_000 } };
  await using joined = await joinedTo(service, dns, { certificates: { app }, gateway });
  expect(await why(joined, `http://${HOST}/api`)).toEqual([]);
  expect(await why(joined, `http://${HOST}/`)).toEqual([
    `claim group home has ${HOST}, and publishes no such path or method: \`warren routes\``,
  ]);
  expect(await why(joined, `https://${HOST}/api`)).toEqual([
    `certificate of ${HOST}: there is none (docs/tls.md)`,
  ]);
  expect(await why(joined, "http://nobody.test/")).toEqual([
    expect.stringMatching(/^no cluster has claimed nobody\.test: /),
    expect.stringMatching(/^nobody has proved .* _warren\.nobody\.test TXT "warren-cluster=/),
    "DNS: it does not resolve: make it a CNAME to a name below clusters.test, or give it the addresses of this gateway",
  ]);
  expect((await why(joined, "http://alias.test/")).at(-1)).toBe(
    "DNS: a CNAME to elsewhere.test, no name of this gateway: it leads elsewhere: names of this gateway have 192.0.2.1",
  );
});

test("a cluster that a roll-out leaves out is said", async () => {
  using service = await RawService.start(OK);
  await using dns = await testDns();
  dns.zone.A[HOST] = ["192.0.2.1"];
  const rollout = { percent: 0, clusters: [], fallback: undefined };
  await using joined = await joinedTo(service, dns, { gateway: { rollout } });
  const [hint] = await why(joined, `http://${HOST}/api`);
  expect(hint).toContain("(--rollout-percent, --rollout-cluster) leaves its cluster out");
});

const SAYS = { says: "" };
const base = { url: `http://${HOST}/`, served: false, clusters: [] };
test.each([
  {
    name: "a host that is claimed and published by nobody now",
    view: {
      code: "no_route",
      domain: {
        dns: SAYS,
        ownership: SAYS,
        certificate: SAYS,
        claim: { says: "claimed, and nothing is published there now", host: HOST, group: "office" },
      },
    },
    want: /claim group office has claimed shop\.test .* host_taken, until `warren claims release/,
  },
  {
    name: "a cluster without a tunnel",
    view: {
      code: "cluster_offline",
      clusters: [{ cluster_uuid: "u", cluster: "home", agents: [] }],
    },
    want: /^no agent of home has a tunnel: /,
  },
  { name: "a tunnel that comes back", view: { code: "cluster_reconnecting" }, want: /ask again/ },
  {
    name: "a certificate that the CA refuses",
    view: {
      served: true,
      url: `https://${HOST}/`,
      domain: {
        dns: SAYS,
        ownership: SAYS,
        claim: SAYS,
        certificate: { says: "the CA refused it: no A record", acme: { again: "2026-01-01" } },
      },
    },
    want: /^certificate of shop\.test: the CA refused it: no A record; it is tried again at 2026/,
  },
])("$name", ({ view, want }) => {
  const [hint, ...more] = hintsOf(v.parse(WhyView, { ...base, ...view }));
  expect(hint).toMatch(want);
  expect(more).toEqual([]);
});

test("the command says the hint under its verdict, and ends with 1 for what is not served", async () => {
  using service = await RawService.start(OK);
  await using dns = await testDns();
  await using joined = await joinedTo(service, dns);
  using home = house();
  const run = (url: string) => home.run(["why", url, "--admin", joined.adminUrl]);
  const lost = await run("http://nobody.test/");
  expect(lost.code).toBe(1);
  expect(lost.stdout).toMatch(
    /^http:\/\/nobody\.test\/ is not served: 404 no_route\n {2}no cluster has claimed nobody\.test/,
  );
  expect((await run(`http://${HOST}/api`)).code).toBe(0);
});

test("status shows of each cluster what it is, its agents, its routes, and those that are refused", async () => {
  using service = await RawService.start(OK);
  await using dns = await testDns();
  const shut = { path: "/admin", policy: { deny: [...EVERYBODY] } };
  const routes = [
    routeTo(HOST, service.port),
    routeTo("not-ours.test", service.port),
    routeTo(HOST, service.port, shut),
  ];
  await using joined = await joinedTo(service, dns, { routes, hosts: [HOST] });
  const lines = async () => {
    const [tunnels, all] = await Promise.all(
      ["/tunnels", "/routes"].map(async (path) => asked(joined, path)),
    );
    return clustersOf(
      itemsOf(tunnels).map((one) => v.parse(TunnelView, one)),
      itemsOf(all).map((one) => v.parse(RouteView, one)),
    );
  };
  await expect.poll(lines).toMatchObject([
    {
      cluster: "home",
      type: "private",
      modes: ["tunnel"],
      agents: 1,
      agents_connected: 1,
      routes: 1,
      routes_shut: 1,
      routes_refused: 1,
    },
  ]);
  using home = house();
  const { stdout } = await home.run(["status", "--admin", joined.adminUrl]);
  expect(stdout).toMatch(/\nCLUSTER +TYPE +MODE +AGENTS +ROUTES +SYNCED\n/);
  expect(stdout).toMatch(/^gateway ready, 1 tunnel, 1 route\n/);
  expect((await home.run(["routes", "--admin", joined.adminUrl])).stdout).toMatch(
    /\/admin.*\(shut\)/,
  );
  const { stdout: verdict, code } = await home.run([
    "why",
    `http://${HOST}/admin`,
    "--admin",
    joined.adminUrl,
  ]);
  expect(verdict).toMatch(
    /\/admin is not served: 403 forbidden\n {2}everybody is kept out of this/,
  );
  expect(code).toBe(1);
  expect(stdout).toMatch(/\nhome +private +tunnel +1 of 1 +1 \(1 refused, 1 shut\) +\d+ s\n/);
});

test("a cluster whose agents are gone keeps its line for as long as its routes live", () => {
  const route = { host: "a", path: "/", path_type: "Exact", kind: "http", service: "s" };
  const view = { group: "g", updatedAt: 1_000, route: { ...route, namespace: "n", port: 1 } };
  const entry = v.parse(RouteView, { ...view, clusterUuid: "u" });
  expect(clustersOf([], [entry])).toEqual([
    {
      cluster_uuid: "u",
      cluster: "u",
      type: "unknown",
      modes: ["tunnel"],
      agents: 0,
      agents_connected: 0,
      routes: 1,
      routes_shut: 0,
      routes_refused: 0,
      synced_at: "1970-01-01T00:00:01.000Z",
    },
  ]);
});
