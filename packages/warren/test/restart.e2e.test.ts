import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { promMetrics, systemClock } from "@warren/host";
import { silentLog, startFaultProxy } from "@warren/host/testing";
import { startAgent } from "@warren/agent";
import { expect, test } from "vitest";
import { served } from "./_kit/ask.ts";
import { agentConfig, routeTo } from "./_kit/configs.ts";
import { Stage, type GatewayMember } from "./_kit/stage.ts";

const AGENTS = 200;
/**
 * The shortest wait with nothing to save is drawn from 500 ms: a fifth of all in a tenth of a second on
 * average, should the gateway be back that soon, and by chance somewhat more. Without jitter it is all.
 */
const MOST_IN_100_MS = AGENTS / 3;

const connected = async (gateway: GatewayMember) => (await gateway.tunnels()).length;

test("200 agents whose gateway is killed and started again are back within 30 s, without a stampede", async () => {
  await using stage = new Stage();
  const service = createServer((_request, response) => response.end("well"));
  await once(service.listen(0, "127.0.0.1"), "listening");
  const servicePort = (service.address() as AddressInfo).port;
  const gateway = await stage.gateway();
  await using proxy = await startFaultProxy({ target: { port: gateway.port } });
  const unheard = {
    log: silentLog(),
    clock: systemClock,
    version: "0",
    onRequest: undefined,
    onPort: undefined,
    onPublished: undefined,
  };
  await using agents = new AsyncDisposableStack();
  for (let i = 0; i < AGENTS; i++) {
    const token = await stage.token(`a${i}`);
    const routes = [routeTo(`a${i}.test`, servicePort)];
    const config = agentConfig({ id: `a${i}`, token, gatewayPort: proxy.port, routes });
    const deps = { ...unheard, metrics: promMetrics() };
    agents.use(await startAgent(config, deps, new AbortController().signal));
  }
  while ((await connected(gateway)) < AGENTS) await new Promise(setImmediate);

  await gateway.kill();
  const arrivals: number[] = [];
  let known = proxy.counts.connected;
  void proxy.until((counts) => {
    for (; known < counts.connected; known++) arrivals.push(performance.now());
    return false;
  });
  const again = await stage.gateway({ http: { host: "127.0.0.1", port: gateway.port } });
  const startedAt = performance.now();
  while ((await connected(again)) < AGENTS) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  }
  const most = Math.max(
    ...arrivals.map((at) => arrivals.filter((other) => other >= at && other < at + 100).length),
  );
  expect(most).toBeLessThanOrEqual(MOST_IN_100_MS);
  for (const i of [0, 99, 199]) await served(again.port, `a${i}.test`);
  service.close();
}, 90_000);
