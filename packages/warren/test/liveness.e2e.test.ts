import { startFaultProxy, leapingClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { ask, served } from "./_kit/ask.ts";
import { anyTls } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { passTime } from "./_kit/pass-time.ts";
import { openQuiet, QUIET_HOST, QuietServices, type Quiet } from "./_kit/quiet.ts";
import { Stage } from "./_kit/stage.ts";

const SILENT_MS = 101_000;
const HOUR_MS = 3_600_000;

/**
 * The defaults (30 s, and something said every 10 to 15 s) are proved on virtual time in the tunnel
 * room; here a tenth of them, on sockets that really go silent.
 */
describe("with detection in 3 s, a transport that lost", () => {
  test.each([
    { name: "its gateway's side is replaced", survivor: "client" as const },
    { name: "its agent's side is replaced", survivor: "target" as const },
  ])("$name in that time, and what was asked meanwhile is answered", async ({ survivor }) => {
    await using stage = new Stage();
    using services = await QuietServices.start();
    const gateway = await stage.gateway({ tunnels: { detectMs: 3_000 } });
    await using proxy = await startFaultProxy({ target: { port: gateway.port } });
    await stage.agent(proxy.port, services.routes, { detectMs: 3_000 });
    await served(gateway.port, QUIET_HOST);
    const connections = proxy.counts.connected;
    proxy.halfOpen(survivor);
    const since = performance.now();
    const asked = ask({ port: gateway.port, host: QUIET_HOST });
    await proxy.connected(connections + 1);
    // The first dial comes within 250 ms where there are streams to save, and may wait 500 ms else; other
    // suites run beside this one. By default it would be ten times as long.
    expect(performance.now() - since).toBeLessThan(3_500 + 5_000);
    expect(await asked).toMatchObject({ status: 200, body: "well" });
  });
});

const TCP_PORTS = { host: "127.0.0.1", from: 20_000, to: 29_999 };

describe("connections that are silent", () => {
  test("for 100 s are still there (slow)", { timeout: SILENT_MS + 30_000 }, async () => {
    await using stage = new Stage();
    using services = await QuietServices.start();
    const gateway = await stage.gateway({ tcpPorts: TCP_PORTS, tls: anyTls(stage.folder) });
    await stage.agent(gateway.port, services.routes);
    await served(gateway.port, QUIET_HOST);
    const { port, tlsPort } = gateway;
    const open = await openQuiet({ port, tlsPort: tlsPort!, tcpPort: await gateway.tcpPort() });
    await new Promise((resolve) => setTimeout(resolve, SILENT_MS));
    await expectAll(open, services);
  });

  test("for an hour of virtual time are still there", { timeout: 120_000 }, async () => {
    const clock = leapingClock();
    using services = await QuietServices.start();
    await using joined = await Joined.start({
      routes: services.routes,
      gateway: { tcpPorts: TCP_PORTS },
      certificates: {},
      clock,
    });
    const { port, tlsPort } = joined;
    const open = await openQuiet({ port, tlsPort, tcpPort: await joined.publicPort });
    await passTime({ clock, port, host: QUIET_HOST }, HOUR_MS);
    await expectAll(open, services);
  });
});

async function expectAll(open: readonly Quiet[], services: QuietServices): Promise<void> {
  services.goOn();
  for (const quiet of open) expect([quiet.name, await quiet.after()].join(": ")).toMatch(/after/);
  for (const quiet of open) quiet[Symbol.dispose]();
}
