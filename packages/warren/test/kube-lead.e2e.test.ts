/**
 * Who speaks for a Kubernetes cluster when its gateway, its API server or its leader is away. Gateways and
 * agents are processes, the API server is a double. A minute and a half in all: Leases run in real time.
 */
import { INGRESSES } from "@warren/host/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startFaultProxy } from "@warren/host/testing";
import { ask } from "./_kit/ask.ts";
import { freePort } from "./_kit/fleet.ts";
import { ingressOf, KubeStage } from "./_kit/kube-stage.ts";
import { webService } from "./_service.ts";

const HOST = "my-app.example.com";
const MY_APP = { namespace: "default", name: "my-app" };
const timeout = 40_000;

describe("who speaks for a cluster", { timeout: 120_000 }, () => {
  let stage: KubeStage;
  let app: Awaited<ReturnType<typeof webService>>;
  beforeEach(async () => {
    stage = await KubeStage.start();
    app = await webService("my-app");
    stage.service("my-app", app.port);
    stage.api.put(ingressOf("my-app", HOST, app.port));
  });
  afterEach(async () => {
    await stage[Symbol.asyncDispose]();
    await app[Symbol.asyncDispose]();
  });
  const status = async (host = HOST, { port } = stage.gateway) =>
    (await ask({ port, host })).status;
  const becomes = (want: number, host = HOST, gateway = stage.gateway) =>
    expect.poll(() => status(host, gateway).catch(() => 0), { timeout }).toBe(want);

  test("a gateway that starts anew while the API server is away hears it from those who knew", async () => {
    const first = await stage.agent("agent-0");
    expect(await stage.leader()).toBe("agent-0");
    await becomes(200);
    const second = await stage.agent("agent-1");
    await second.says(/"msg":"following"/);
    await stage.api.stop();
    await first.says(/no longer leading/);
    await stage.replaceGateway();
    await becomes(200);
    // Also when the one that led is gone.
    first.signal("SIGKILL");
    await first.ended();
    await stage.replaceGateway();
    await becomes(200);
    // Whoever leads next is believed.
    stage.api.put(ingressOf("my-app", "after.example.com", app.port));
    stage.api.compact();
    await stage.api.restart();
    await becomes(200, "after.example.com");
    expect(await status()).toBe(404);
  });

  test("an agent that loses its gateway lets another lead, and leads again only with one", async () => {
    const port = await freePort();
    await using proxy = await startFaultProxy({ target: { port } });
    const way = `ws://127.0.0.1:${proxy.port}`;
    // Nobody learns of another way.
    const more = ["--port", String(port), "--advertise", way];
    stage.gateway = { ...(await stage.fleet.gateway({ more })), port };
    await stage.agent("agent-0", "--gateway", way);
    expect(await stage.leader()).toBe("agent-0");
    await becomes(200);
    await stage.agent("agent-1");
    proxy.refuse();
    proxy.cut("rst");
    expect(await stage.leader("agent-0")).toBe("agent-1");
    stage.api.put(ingressOf("my-app", "after.example.com", app.port));
    await becomes(200, "after.example.com");
    expect(await status()).toBe(404);
    // It handed the Lease back, and leads again only with a gateway.
    expect(stage.lease?.spec?.leaseTransitions).toBe(1);
    proxy.heal();
    await becomes(200, "after.example.com");
  });

  test("a gateway that the leader does not reach hears its changes from another agent", async () => {
    const other = await stage.fleet.gateway();
    await stage.agent("agent-0");
    expect(await stage.leader()).toBe("agent-0");
    const both = [stage.gateway, other].flatMap(({ port }) => [
      "--gateway",
      `ws://127.0.0.1:${port}`,
    ]);
    await stage.agent("agent-1", ...both);
    await becomes(200, HOST, other);
    stage.api.put(ingressOf("my-app", "after.example.com", app.port));
    await becomes(200, "after.example.com");
    await becomes(200, "after.example.com", other);
    expect(await status(HOST, other)).toBe(404);
    stage.api.remove(INGRESSES, MY_APP);
    await becomes(404, "after.example.com", other);
    expect(stage.leaderNow).toBe("agent-0");
  });
});
