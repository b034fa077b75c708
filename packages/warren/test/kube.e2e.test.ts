/**
 * Agents in a Kubernetes cluster, whose API server is a double; gateway and agents are processes. A minute in
 * all: a killed leader is waited for as long as its Lease lasts, and each test has processes of its own.
 */
import { INGRESSES, LEASES } from "@warren/host/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ask } from "./_kit/ask.ts";
import { freePort } from "./_kit/fleet.ts";
import { ingressOf, KubeStage } from "./_kit/kube-stage.ts";
import { webService } from "./_service.ts";

const HOST = "my-app.example.com";
const LONG_MS = 30_000;
const MY_APP = { namespace: "default", name: "my-app" };

describe("an agent in a cluster", { timeout: 60_000 }, () => {
  let stage: KubeStage;
  let app: Awaited<ReturnType<typeof webService>>;
  beforeEach(async () => {
    stage = await KubeStage.start();
    app = await webService("my-app");
    stage.service("my-app", app.port);
  });
  afterEach(async () => {
    await stage[Symbol.asyncDispose]();
    await app[Symbol.asyncDispose]();
  });
  const answer = async (path = "/", host = HOST) => ask({ port: stage.gateway.port, host, path });
  const status = async (path?: string, host?: string) => (await answer(path, host)).status;

  const becomes = async (want: number, host = HOST) =>
    expect.poll(() => status("/", host), { timeout: LONG_MS }).toBe(want);

  test("makes an Ingress public when it is applied, follows its changes, and takes it back", async () => {
    await stage.agent("agent-0");
    stage.api.put(ingressOf("my-app", HOST, app.port));
    await becomes(200);
    expect((await answer("/x")).body).toBe("my-app GET /x");
    stage.api.put(ingressOf("my-app", "other.example.com", app.port));
    await becomes(200, "other.example.com");
    expect(await status()).toBe(404);
    stage.api.remove(INGRESSES, MY_APP);
    await becomes(404, "other.example.com");
  });

  test("finds at its start what there is, and says an empty snapshot when there is nothing more", async () => {
    stage.api.put(ingressOf("my-app", HOST, app.port));
    const first = await stage.agent("agent-0");
    await becomes(200);
    first.signal("SIGKILL");
    await first.ended();
    stage.api.remove(INGRESSES, MY_APP);
    await stage.agent("agent-1");
    await becomes(404);
  });

  test("goes on as it was while the API server is away, and catches up after it", async () => {
    const agent = await stage.agent("agent-0");
    stage.api.put(ingressOf("my-app", HOST, app.port));
    await becomes(200);
    await stage.api.stop();
    await agent.says(/the API server is not heard/);
    expect(await status()).toBe(200);
    stage.api.put(ingressOf("my-app", "other.example.com", app.port));
    stage.api.compact();
    await stage.api.restart();
    await becomes(200, "other.example.com");
    expect(await status()).toBe(404);
  });

  test("hears of changes after its watches are cut, end in the middle, or say 410", async () => {
    await stage.agent("agent-0");
    const faults = [
      () => stage.api.cutStreams(),
      () => stage.api.truncateStreams(),
      () => stage.api.expireStreams(),
    ];
    for (const [index, fault] of faults.entries()) {
      const host = `after-${index}.example.com`;
      await stage.api.until(() => stage.api.streams > 0);
      fault();
      stage.api.put(ingressOf("my-app", host, app.port));
      await becomes(200, host);
    }
  });

  test("joins without the API server, says why it is not ready, and stays ready once it was", async () => {
    await stage.api.stop();
    const port = await freePort();
    const agent = await stage.agent("agent-0", "--agent-admin-port", String(port));
    const readiness = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).text();
    await agent.says(/the API server is not heard/);
    expect(await readiness()).toMatch(/the API server has not listed .*ingresses/);
    expect(await status()).toBe(404);
    stage.api.put(ingressOf("my-app", HOST, app.port));
    await stage.api.restart();
    await becomes(200);
    await expect.poll(readiness, { timeout: LONG_MS }).toBe("ready\n");
    await stage.api.stop();
    await agent.saysNext(/the Lease|the lease/i);
    expect(await readiness()).toBe("ready\n");
  });
});

test(
  "the doctor finds nothing wrong with an agent that works, and says what is missing",
  { timeout: 60_000 },
  async () => {
    await using stage = await KubeStage.start();
    await using app = await webService("my-app");
    stage.service("my-app", app.port);
    stage.api.put(ingressOf("my-app", HOST, app.port));
    await stage.agent("agent-0");
    await expect
      .poll(async () => (await ask({ port: stage.gateway.port, host: HOST })).status, {
        timeout: LONG_MS,
      })
      .toBe(200);
    const well = await stage.doctor();
    expect(well.findings.filter(({ level }) => level === "fail")).toEqual([]);
    expect(well.code).toBe(0);
    const checks = well.findings.map(({ check }) => check);
    for (const check of [
      "API server",
      "tunnel",
      "token expiry",
      "clock of the gateway",
      "a request through it all",
    ])
      expect(checks).toContain(check);
    stage.api.forbid("update", LEASES);
    const ill = await stage.doctor();
    expect(ill.code).toBe(1);
    expect(ill.findings.filter(({ level }) => level === "fail")).toMatchObject([
      {
        check: "may get, update leases.coordination.k8s.io",
        said: "no: update in warren-system/warren-agent",
      },
    ]);
  },
);

describe("two agents of a cluster", { timeout: 90_000 }, () => {
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
  const status = async (host = HOST) => (await ask({ port: stage.gateway.port, host })).status;
  const becomes = (want: number, host = HOST) =>
    expect.poll(() => status(host), { timeout: LONG_MS }).toBe(want);

  async function both() {
    const first = await stage.agent("agent-0");
    expect(await stage.leader()).toBe("agent-0");
    await becomes(200);
    return { first, second: await stage.agent("agent-1") };
  }

  test("one that has not heard of its cluster takes nothing from the other's requests", async () => {
    await stage.agent("agent-0");
    await becomes(200);
    await stage.api.stop();
    const second = await stage.agent("agent-1");
    await second.says(/the API server is not heard/);
    for (let n = 0; n < 40; n++) expect(await status()).toBe(200);
  });

  test("one is killed: the other carries every request, leads within the Lease's time, and publishes", async () => {
    const { first, second } = await both();
    await second.says(/following/);
    const before = stage.lease!.spec!.leaseTransitions!;
    first.signal("SIGKILL");
    await first.ended();
    const killedAt = performance.now();
    let asked = 0;
    while (stage.leaderNow !== "agent-1") {
      expect(await status()).toBe(200);
      asked++;
    }
    // 10 s of Lease and 2 s between looks: 15 s are promised, and this machine is shared.
    expect(performance.now() - killedAt).toBeLessThan(20_000);
    expect(asked).toBeGreaterThan(10);
    expect(stage.lease!.spec!.leaseTransitions).toBe(before + 1);
    stage.api.put(ingressOf("my-app", "after.example.com", app.port));
    await becomes(200, "after.example.com");
    expect(await status()).toBe(404);
  });

  test("one is stopped: the other leads at its next look, not after the Lease's time", async () => {
    const { first, second } = await both();
    await second.says(/following/);
    first.signal("SIGTERM");
    const stoppedAt = performance.now();
    expect(await stage.leader("agent-0")).toBe("agent-1");
    // 3 s are promised; the Lease's own time would be 10.
    expect(performance.now() - stoppedAt).toBeLessThan(8_000);
    expect((await first.ended()).code).toBe(0);
    expect(await status()).toBe(200);
    stage.api.put(ingressOf("my-app", "after.example.com", app.port));
    await becomes(200, "after.example.com");
  });

  test("the Lease is deleted: who leads next goes past what was said before", async () => {
    const { first, second } = await both();
    first.signal("SIGTERM");
    await first.ended();
    await stage.leader("agent-0");
    await second.says(/routes published/);
    second.signal("SIGKILL");
    await second.ended();
    stage.api.remove(LEASES, { namespace: "warren-system", name: "warren-agent" });
    stage.api.put(ingressOf("my-app", "after.example.com", app.port));
    await stage.agent("agent-2");
    await becomes(200, "after.example.com");
    expect(stage.lease!.spec!.leaseTransitions).toBeGreaterThan(1);
  });
});
