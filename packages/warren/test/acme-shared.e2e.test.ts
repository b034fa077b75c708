/** Gateways that share certificates, a CA that looks at any of them, and renewals as the CA says. */
import {
  leapingClock,
  pebblePath,
  privateRedis,
  programPath,
  startPebble,
  type PrivateRedis,
  type TestCa,
} from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "./_kit/ask.ts";
import type { Joined } from "./_kit/joined.ts";
import { AcmeStage, leapUntil, line, shown, YEAR_SECONDS } from "./_kit/acme.ts";

const PEBBLE = pebblePath();
const REDIS = programPath("redis-server");

describe.skipIf(PEBBLE === undefined || REDIS === undefined)("gateways that share a Redis", () => {
  const owned = new AsyncDisposableStack();
  let ca: TestCa;
  let redis: PrivateRedis;
  beforeAll(async () => {
    ca = owned.use(
      await startPebble(PEBBLE!, { validitySeconds: YEAR_SECONDS, refusesNonces: false }),
    );
    redis = owned.use(await privateRedis(REDIS!));
  });
  afterAll(() => owned.disposeAsync());
  // Those that it took: now and then it refuses a nonce, to see that it is asked again.
  const orders = () => ca.log.filter((one) => one.includes("Added order")).length;
  const shared = () => ({
    registry: { kind: "redis" as const, urls: [redis.url], cluster: false },
  });

  test.each([
    { challenge: "http-01" as const, host: "both.shared.test" },
    { challenge: "tls-alpn-01" as const, host: "alpn.shared.test" },
  ])("one orders, the other answers the CA and shows the certificate: $challenge", async (one) => {
    await using stage = new AcmeStage(ca);
    const { host } = one;
    const acme = { challenges: [one.challenge] };
    const before = orders();
    const other = await stage.gateway({
      hosts: ["idle.local"],
      gateway: { ...shared(), id: "other" },
      acme,
    });
    // The CA comes out at the gateway that orders nothing: what it answers is in the shared store.
    const { targets } = ca;
    const issuer = await stage.gateway({ hosts: [host], gateway: shared(), acme, add: true });
    ca.targets = targets;
    await line(issuer, "certificate issued", host);
    const { serialNumber } = await shown(issuer.tlsPort, host);
    expect((await shown(other.tlsPort, host)).serialNumber).toBe(serialNumber);
    expect(orders() - before).toBe(1);
    expect(other.log.lines.filter(({ msg }) => msg === "certificate issued")).toEqual([]);
  });

  test("several that want one host at once make one order, and no key is in clear", async () => {
    await using stage = new AcmeStage(ca);
    const host = "many.shared.test";
    ca.targets = [];
    const before = orders();
    const [first, second] = await Promise.all(
      ["one", "two"].map((id) =>
        stage.gateway({ hosts: [host], gateway: { ...shared(), id }, add: true }),
      ),
    );
    await expect
      .poll(() => shown(first!.tlsPort, host).then((one) => one.serialNumber, String))
      .toMatch(/^[0-9A-F]+$/);
    const { serialNumber } = await shown(first!.tlsPort, host);
    await expect
      .poll(() => shown(second!.tlsPort, host).then((one) => one.serialNumber, String))
      .toBe(serialNumber);
    expect(orders() - before).toBe(1);
    const keys = (await redis.command("KEYS", "warren:records:*certificates:{*")) as string[];
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys)
      expect(String(await redis.command("HGET", key, "v"))).toMatch(/^w1\.[\w-]+$/);
  });
});

async function isServed({ port }: Joined, host: string): Promise<boolean> {
  return (await ask({ port, host })).status === 308;
}

describe.skipIf(PEBBLE === undefined)("renewals", () => {
  const owned = new AsyncDisposableStack();
  let ca: TestCa;
  beforeAll(async () => {
    ca = owned.use(await startPebble(PEBBLE!, { validitySeconds: YEAR_SECONDS }));
  });
  afterAll(() => owned.disposeAsync());

  test("come when the CA says, and the old certificate goes on while the CA is away", async () => {
    await using stage = new AcmeStage(ca);
    const host = "renewed.acme.test";
    const clock = leapingClock();
    const joined = await stage.gateway({ hosts: [host], clock });
    const { targets } = ca;
    await line(joined, "certificate issued", host);
    const first = await shown(joined.tlsPort, host);
    const now = Date.now();
    await ca.renew(String(first), {
      start: new Date(now - 7_200_000),
      end: new Date(now - 60_000),
    });
    const { log } = joined;
    const renewed = line(joined, "certificate renewed", host);
    // In six hours the CA is asked again when it is time: it is now. While it is away nothing changes.
    ca.targets = [];
    clock.leap(6.1 * 3_600_000);
    await expect.poll(() => isServed(joined, host), { timeout: 20_000 }).toBe(true);
    await leapUntil(clock, line(joined, "no certificate", host));
    expect((await shown(joined.tlsPort, host)).serialNumber).toBe(first.serialNumber);
    ca.targets = targets;
    await leapUntil(clock, renewed);
    expect(log.lines.filter(({ msg }) => msg === "certificate renewed").length).toBe(1);
    const metrics = await joined.metrics.text();
    for (const moved of [
      /^gateway_acme_orders_total\{result="issued"\} 2$/m,
      /^gateway_acme_renewals_total 1$/m,
      /^gateway_host_certificates\{source="acme"\} 1$/m,
      /^gateway_host_certificates_expire_timestamp_seconds\{source="acme"\} [1-9]/m,
    ])
      expect(metrics).toMatch(moved);
    const second = await shown(joined.tlsPort, host);
    expect(second.serialNumber).not.toBe(first.serialNumber);
  });
});
