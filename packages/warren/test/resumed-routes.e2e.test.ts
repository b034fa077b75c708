/** What a gateway lost of a cluster's routes while its agent was away is there again soon after the resume. */
import { leapingClock, startFaultProxy, type FaultProxy } from "@warren/host/testing";
import { expect, test } from "vitest";
import { ask, served } from "./_kit/ask.ts";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { passTime } from "./_kit/pass-time.ts";
import { webService } from "./_service.ts";

const KEPT = "kept.test";
const LOST = "lost.test";

async function startScene(owned: AsyncDisposableStack) {
  const service = owned.use(await webService("web"));
  const clock = leapingClock();
  let proxy!: FaultProxy;
  const joined = owned.use(
    await Joined.start({
      routes: [routeTo(KEPT, service.port), routeTo(LOST, service.port)],
      gateway: { tunnels: { resumeMs: 900_000 } },
      via: async (port) => (proxy = owned.use(await startFaultProxy({ target: { port } }))),
      clock,
    }),
  );
  const { port, log } = joined;
  await served(port, LOST);
  return {
    clock,
    joined,
    port,
    outage: async (during: () => Promise<void>): Promise<void> => {
      proxy.refuse();
      proxy.cut("rst");
      await log.line(({ msg }) => msg === "tunnel disconnected");
      await during();
      proxy.heal();
      // No agent waits longer for its next dial.
      clock.leap(60_000);
      await log.line(({ msg }) => msg === "tunnel resumed");
    },
  };
}

test("a host that was released meanwhile is published again within a minute", async () => {
  await using owned = new AsyncDisposableStack();
  const { clock, joined, outage, port } = await startScene(owned);
  await outage(async () => {
    const url = `http://127.0.0.1:${joined.adminPort}/claims/${LOST}`;
    const headers = { "content-type": "application/json" };
    expect((await fetch(url, { method: "DELETE", headers })).status).toBe(200);
    expect((await ask({ port, host: LOST })).status).toBe(404);
  });
  await passTime({ clock, port, host: KEPT }, 60_000);
  await expect.poll(async () => (await ask({ port, host: LOST })).status).toBe(200);
});

test("routes whose life ended meanwhile are there with the next heartbeat", async () => {
  await using owned = new AsyncDisposableStack();
  const { clock, outage, port } = await startScene(owned);
  await outage(async () => {
    clock.leap(301_000);
    expect((await ask({ port, host: LOST })).status).toBe(404);
  });
  for (const host of [KEPT, LOST])
    await expect.poll(async () => (await ask({ port, host })).status).toBe(200);
});
