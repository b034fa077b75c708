/** Two gateways whose Redis goes away. In a file of its own: a minute of it is waiting. */
import { setTimeout as later } from "node:timers/promises";
import { programPath } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { ask, served } from "./_kit/ask.ts";
import { trafficService } from "./_kit/traffic-service.ts";
import { TwoGateways } from "./_kit/two-gateways.ts";

const redis = programPath("redis-server");
const HOST = "app.test";

describe.skipIf(redis === undefined)("two gateways", { timeout: 150_000 }, () => {
  test.each([
    { name: "for moments", awayMs: 3_000 },
    { name: "for a minute, longer than entries live", awayMs: 60_000 },
  ])("Redis dies $name and comes back empty: no request fails", async ({ awayMs }) => {
    await using service = await trafficService();
    await using two = await TwoGateways.start(redis!, [
      "--flap-wait",
      "2s",
      "--detect-after",
      "6s",
    ]);
    const { file } = await two.fleet.token();
    await two.agentOf(two.first, {
      token: file,
      services: two.services("plain", `host = "${HOST}"\nto = "${service.port}"`),
    });
    const ports = [two.first.port, two.second.port];
    for (const port of ports) await served(port, HOST, "/1");
    const statuses: number[] = [];
    const asking = async (ms: number) => {
      const until = performance.now() + ms;
      for (let i = 0; performance.now() < until; i++) {
        statuses.push((await ask({ port: ports[i % 2]!, host: HOST, path: "/1" })).status);
        await later(20);
      }
    };
    await two.store.kill();
    await asking(awayMs);
    await two.store.restart();
    await asking(8_000);
    await two.store.flush();
    await asking(8_000);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const routes = await fetch(`http://127.0.0.1:${two.second.adminPort}/routes`);
    expect(((await routes.json()) as { items: unknown[] }).items).toHaveLength(1);
  });
});
