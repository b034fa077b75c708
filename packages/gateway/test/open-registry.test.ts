import { systemClock, type Clock } from "@warren/host";
import { startFaultProxy, virtualClock, type FaultProxy } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { openRegistry } from "../src/open-registry.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { HAS_REDIS, ownRedis } from "./_redis-kit.ts";
import { found } from "./_registry-facts.ts";

const NEVER = new AbortController().signal;
const EVENTS = { broke: () => {}, registryAway: () => {}, registryBack: () => {} };

/** Opens the registry of a gateway that finds Redis behind `line`. */
function opening(
  line: FaultProxy,
  owned: AsyncDisposableStack,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
) {
  const urls = [`redis://127.0.0.1:${line.port}`];
  const config = {
    dataFolder: "/nowhere",
    id: "g",
    quotas: NO_QUOTAS,
    registry: { kind: "redis", urls, cluster: false } as const,
    tcpPorts: undefined,
  };
  return openRegistry(config, EVENTS, { owned, keeps: () => true, clock, signal });
}

describe.skipIf(!HAS_REDIS)("a gateway's registry on Redis", () => {
  test("is open once Redis has answered: its first request is not refused", async () => {
    await using server = await ownRedis();
    await using line = await startFaultProxy({ target: { port: server.port } });
    await using owned = new AsyncDisposableStack();
    line.blackHole();
    const opened = opening(line, owned, { clock: systemClock, signal: NEVER });
    await line.until(({ accepted }) => accepted >= 1);
    line.heal();
    expect(await found(await opened, "a.example.com")).toBe("no_route");
  });

  test("opens without a Redis that does not answer", async () => {
    await using server = await ownRedis();
    await using line = await startFaultProxy({ target: { port: server.port } });
    await using owned = new AsyncDisposableStack();
    line.blackHole();
    const clock = virtualClock();
    const opened = opening(line, owned, { clock, signal: NEVER });
    await line.until(({ accepted }) => accepted >= 1);
    clock.advance(2_000);
    expect(await found(await opened, "a.example.com")).toBe("overloaded");
  });

  test.each([
    { name: "while it waits", when: "later" },
    { name: "before it waits", when: "before" },
  ])("waits no longer when the gateway is to stop $name", async ({ when }) => {
    await using server = await ownRedis();
    await using line = await startFaultProxy({ target: { port: server.port } });
    await using owned = new AsyncDisposableStack();
    line.blackHole();
    const stop = new AbortController();
    if (when === "before") stop.abort();
    const opened = opening(line, owned, { clock: virtualClock(), signal: stop.signal });
    await line.until(({ accepted }) => accepted >= 1);
    stop.abort();
    await opened;
  });
});
