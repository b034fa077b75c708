/** Agents in a Kubernetes cluster, whose API server is a double; gateway and agents are processes. */
import { INGRESSES } from "@warren/host/kube";
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

  test.each([
    { name: "are cut", break: () => stage.api.cutStreams() },
    { name: "end in the middle", break: () => stage.api.truncateStreams() },
    { name: "say 410", break: () => stage.api.expireStreams() },
  ])("hears of changes after its watches $name", async (fault) => {
    await stage.agent("agent-0");
    stage.api.put(ingressOf("my-app", HOST, app.port));
    await becomes(200);
    fault.break();
    stage.api.put(ingressOf("my-app", "other.example.com", app.port));
    await becomes(200, "other.example.com");
  });

  test("joins when the API server is away, and says that it waits for it", async () => {
    await stage.api.stop();
    const agent = await stage.agent("agent-0", "--agent-admin-port", String(await freePort()));
    await agent.says(/the API server is not heard/);
    expect(await status()).toBe(404);
    stage.api.put(ingressOf("my-app", HOST, app.port));
    await stage.api.restart();
    await becomes(200);
  });
});
