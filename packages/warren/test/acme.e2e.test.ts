/** Certificates from a real ACME CA, which looks at hosts through the gateway's public ports. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startAgent } from "@warren/agent";
import { promMetrics, systemClock } from "@warren/host";
import {
  connectProxy,
  startPebble,
  pebblePath,
  recordingLog,
  testAuthority,
  type TestCa,
} from "@warren/host/testing";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WhyView } from "../src/admin/views.ts";
import { AcmeStage, line, shown, YEAR_SECONDS } from "./_kit/acme.ts";
import { ask } from "./_kit/ask.ts";
import { agentConfig, routeTo } from "./_kit/configs.ts";

const PEBBLE = pebblePath();
const CHALLENGE = "/.well-known/acme-challenge/a-token-that-is-none-of-ours";

describe.skipIf(PEBBLE === undefined)("a gateway with --acme", () => {
  const owned = new AsyncDisposableStack();
  let ca: TestCa;
  beforeAll(async () => {
    ca = owned.use(await startPebble(PEBBLE!, { validitySeconds: YEAR_SECONDS }));
  });
  afterAll(() => owned.disposeAsync());
  // Those that it took: now and then it refuses a nonce, to see that it is asked again.
  const orders = () => ca.log.filter((one) => one.includes("Added order")).length;

  test.each([
    { name: "HTTP-01", host: "web.acme.test", challenges: ["http-01"] as const },
    { name: "TLS-ALPN-01", host: "tls.acme.test", challenges: ["tls-alpn-01"] as const },
  ])("has a certificate for a published host before anybody asks, by $name", async (one) => {
    await using stage = new AcmeStage(ca);
    const joined = await stage.gateway({ hosts: [one.host], acme: { challenges: one.challenges } });
    await line(joined, "certificate issued", one.host);
    const certificate = await shown(joined.tlsPort, one.host, {
      ca: await ca.root(),
      rejectUnauthorized: true,
    });
    expect(certificate.subjectAltName).toBe(`DNS:${one.host}`);
    // From then on plain requests are led to TLS.
    const { status, headers } = await ask({ port: joined.port, host: one.host, path: "/a" });
    expect(status).toBe(308);
    expect(headers.location).toBe(`https://${one.host}:${joined.tlsPort}/a`);
  });

  test("has one for its own name, so that agents join by wss://", async () => {
    await using stage = new AcmeStage(ca);
    const host = "gateway.acme.test";
    const joined = await stage.gateway({ hosts: ["app.acme.test"], acme: { ownHosts: [host] } });
    await using owned = new AsyncDisposableStack();
    const proxy = owned.use(await connectProxy(undefined, "127.0.0.1"));
    const caFile = join(joined.folder, "pebble.pem");
    writeFileSync(caFile, await ca.root());
    const token = await joined.token(["second.acme.test"]);
    const routes = [routeTo("second.acme.test", 1)];
    const config = agentConfig({ id: "by-tls", token, gatewayPort: 1, routes });
    config.gateways = [`wss://${host}:${joined.tlsPort}`];
    const through = { ...config.dial.proxy, httpsProxy: `http://127.0.0.1:${proxy.port}` };
    config.dial = { ...config.dial, caFile, proxy: through };
    const log = recordingLog();
    const heard = { onRequest: undefined, onPort: undefined, onPublished: undefined };
    const deps = { log, metrics: promMetrics(), clock: systemClock, version: "0", ...heard };
    const agent = await startAgent(config, deps, new AbortController().signal);
    owned.use(agent);
    await log.line(({ msg }) => msg === "routes published");
    expect((await shown(joined.tlsPort, host)).subjectAltName).toBe(`DNS:${host}`);
    expect(proxy.asked).toContain(`${host}:${joined.tlsPort}`);
  });

  test("leads a challenge of somebody else to the cluster, as any request", async () => {
    await using stage = new AcmeStage(ca);
    const host = "theirs.acme.test";
    const certificates = { own: testAuthority().issue({ hosts: [host] }) };
    const gateway = { acme: undefined };
    const plain = await stage.gateway({ hosts: [host], gateway });
    const joined = await stage.gateway({ hosts: [host], certificates });
    for (const { port } of [plain, joined]) {
      const answer = await ask({ port, host, path: CHALLENGE });
      expect([answer.status, answer.body]).toEqual(port === plain.port ? [200, "ok"] : [308, ""]);
    }
  });

  test("orders nothing for names that nobody claimed, or that the folder's certificate covers", async () => {
    await using stage = new AcmeStage(ca);
    const certificates = { all: testAuthority().issue({ hosts: ["*.folder.test"] }) };
    const hosts = ["one.folder.test", "apps.unknown.test", "box.local"];
    const joined = await stage.gateway({ hosts, certificates });
    await line(joined, "certificate issued", "apps.unknown.test");
    const before = orders();
    for (const name of ["two.unknown.test", "localhost", "box.local", "sub.apps.unknown.test"])
      await expect(shown(joined.tlsPort, name)).rejects.toThrow(/unrecognized name/i);
    for (const name of ["one.folder.test", "two.folder.test"])
      expect((await shown(joined.tlsPort, name)).subjectAltName).toBe("DNS:*.folder.test");
    expect(orders()).toBe(before);
  });

  test("orders nothing for a cluster that a roll-out leaves out", async () => {
    await using stage = new AcmeStage(ca);
    const before = orders();
    const rollout = { percent: 0, clusters: [], fallback: undefined };
    const left = await stage.gateway({ hosts: ["left.acme.test"], gateway: { rollout } });
    const later = await stage.gateway({ hosts: ["later.acme.test"] });
    await line(later, "certificate issued", "later.acme.test");
    expect(orders() - before).toBe(1);
    expect((await ask({ port: left.port, host: "left.acme.test" })).status).toBe(404);
  });

  test("orders nothing for a host that is only shut, whoever asks for it", async () => {
    await using stage = new AcmeStage(ca);
    const before = orders();
    const admin = "admin.shut.test";
    const joined = await stage.gateway({ hosts: ["*.shut.test"], shut: [admin] });
    await expect(shown(joined.tlsPort, admin)).rejects.toThrow(/unrecognized name/i);
    expect((await shown(joined.tlsPort, "a.shut.test")).subjectAltName).toBe("DNS:a.shut.test");
    expect(orders() - before).toBe(1);
    const later = await stage.gateway({ hosts: ["more.shut.test"], shut: ["other.shut.test"] });
    await line(later, "certificate issued", "more.shut.test");
    expect(orders() - before).toBe(2);
  });

  test("mints no more names under a wildcard claim than it may", async () => {
    await using stage = new AcmeStage(ca);
    const joined = await stage.gateway({ hosts: ["*.wild.test"] });
    const names = ["a", "b"].map((label) => `${label}.wild.test`);
    // The first handshake waits for its certificate.
    for (const name of names)
      expect((await shown(joined.tlsPort, name)).subjectAltName).toBe(`DNS:${name}`);
    const before = orders();
    for (const name of ["c.wild.test", "d.wild.test"])
      await expect(shown(joined.tlsPort, name)).rejects.toThrow(/unrecognized name/i);
    expect(orders()).toBe(before);
    const refused = joined.log.lines.filter(({ msg }) => msg === "certificate not ordered");
    expect(refused.map(({ fields }) => fields["host"])).toEqual(["c.wild.test"]);
    const why = await fetch(`${joined.adminUrl}/why?url=https://c.wild.test/`);
    expect(v.parse(WhyView, await why.json()).domain?.certificate.says).toBe(
      "there is none, and none is ordered now: its wildcard claim *.wild.test has its --acme-names",
    );
    expect((await shown(joined.tlsPort, names[0]!)).subjectAltName).toBe(`DNS:${names[0]}`);
  });

  test("backs off after a failed look, says why, and tries the other way next", async () => {
    await using stage = new AcmeStage(ca);
    const host = "broken.acme.test";
    ca.dns.zone.A[host] = ["127.0.0.9"];
    const joined = await stage.gateway({
      hosts: [host],
      acme: { challenges: ["http-01", "tls-alpn-01"] },
    });
    const { fields } = await line(joined, "no certificate", host);
    expect(fields["problem"]).toBe("connection");
    const before = orders();
    // Who asks meanwhile hears at once that there is none, and orders nothing.
    await expect(shown(joined.tlsPort, host)).rejects.toThrow(/unrecognized name/i);
    expect(orders()).toBe(before);
    const waitMs = Date.parse(String(fields["again"])) - Date.now();
    expect(waitMs).toBeGreaterThan(4 * 60_000);
    expect(waitMs).toBeLessThan(6 * 60_000);
    delete ca.dns.zone.A[host];
  });

  test("keeps its certificates and its account over a restart", async () => {
    await using stage = new AcmeStage(ca);
    const host = "kept.acme.test";
    const first = await stage.gateway({ hosts: [host] });
    await line(first, "certificate issued", host);
    const { serialNumber } = await shown(first.tlsPort, host);
    const folder = first.folder;
    const kinds = readdirSync(join(folder, "records"));
    expect(kinds.some((name) => name.endsWith("-certificates"))).toBe(true);
    const before = orders();
    const second = await stage.gateway({ hosts: [host], gateway: { dataFolder: folder } });
    expect((await shown(second.tlsPort, host)).serialNumber).toBe(serialNumber);
    expect(orders()).toBe(before);
  });
});
