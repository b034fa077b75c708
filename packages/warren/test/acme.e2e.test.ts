/** Certificates from a real ACME CA, which looks at hosts through the gateway's public ports. */
import { startPebble, pebblePath, type TestCa } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AcmeStage, line, shown, YEAR_SECONDS } from "./_kit/acme.ts";

const PEBBLE = pebblePath();

describe.skipIf(PEBBLE === undefined)("a gateway with --acme", () => {
  const owned = new AsyncDisposableStack();
  let ca: TestCa;
  beforeAll(async () => {
    ca = owned.use(await startPebble(PEBBLE!, { validitySeconds: YEAR_SECONDS }));
  });
  afterAll(() => owned.disposeAsync());

  test.each([
    { name: "HTTP-01", host: "web.acme.test", challenges: ["http-01"] as const },
    { name: "TLS-ALPN-01", host: "tls.acme.test", challenges: ["tls-alpn-01"] as const },
  ])("a published host has a certificate before anybody asks, by $name", async (one) => {
    await using stage = new AcmeStage(ca);
    const joined = await stage.gateway({ hosts: [one.host], acme: { challenges: one.challenges } });
    await line(joined, "certificate issued", one.host);
    const certificate = await shown(joined.tlsPort, one.host, {
      ca: await ca.root(),
      rejectUnauthorized: true,
    });
    expect(certificate.subjectAltName).toBe(`DNS:${one.host}`);
  });
});
