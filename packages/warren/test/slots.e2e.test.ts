/** One process per agent slot, and tokens that come to their end. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ask, served } from "./_kit/ask.ts";
import { Fleet, tunnelsOf, type GatewayOnStage } from "./_kit/fleet.ts";
import { trafficService, type TrafficService } from "./_kit/traffic-service.ts";
import { openEvents } from "./_kit/watch.ts";

const HOST = "app.test";

describe("one gateway", { timeout: 60_000 }, () => {
  let fleet: Fleet;
  let gateway: GatewayOnStage;
  let service: TrafficService;
  beforeEach(async () => {
    fleet = new Fleet();
    service = await trafficService();
    gateway = await fleet.gateway({ more: ["--detect-after", "6s"] });
  });
  afterEach(async () => {
    await fleet[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });
  const words = (file: string, folder = "slot") => [
    "agent",
    "--gateway",
    `ws://127.0.0.1:${gateway.port}`,
    "--token-file",
    file,
    "--data",
    join(fleet.folder, folder),
    "--service",
    `${HOST}=${service.port}`,
    "--log-format",
    "json",
  ];

  test("a second process with the same id takes over; the first is told so and ends", async () => {
    const { file } = await fleet.token();
    const first = fleet.start([...words(file, "one"), "--agent-id", "same"]);
    await first.says(/joined/);
    const second = fleet.start([...words(file, "two"), "--agent-id", "same"]);
    await second.says(/joined/);
    const { code, stderr } = await first.ended();
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      "another process runs with this agent id: give each its own --agent-id",
    );
    expect(await tunnelsOf(gateway)).toHaveLength(1);
    expect((await ask({ port: gateway.port, host: HOST, path: "/1" })).status).toBe(200);
    expect(second.over).toBe(false);
  });

  test("an agent that was killed takes the place of its dead self at once", async () => {
    const { file } = await fleet.token();
    const dead = fleet.start(words(file));
    await dead.says(/joined/);
    const { events } = await openEvents({ port: gateway.port, host: HOST }, 400);
    const id = (await tunnelsOf(gateway))[0]!.agent_id;
    dead.signal("SIGKILL");
    await dead.ended();
    const since = performance.now();
    const alive = fleet.start(words(file));
    await alive.says(/joined/);
    await expect(events).rejects.toThrow();
    expect(performance.now() - since).toBeLessThan(5_000);
    expect(await tunnelsOf(gateway)).toMatchObject([{ agent_id: id, state: "connected" }]);
    expect((await ask({ port: gateway.port, host: HOST, path: "/1" })).status).toBe(200);
  });

  test("a token that expires drains its tunnel, and its renewed file begins another", async () => {
    const seconds = Math.ceil(Date.now() / 1_000) + 5;
    const short = await fleet.token({ exp: seconds });
    const agent = fleet.start(words(short.file));
    await agent.says(/joined/);
    await served(gateway.port, HOST, "/1");
    const { events } = await openEvents({ port: gateway.port, host: HOST }, 40);
    const { file } = await fleet.token({ uuid: short.uuid });
    copyFileSync(file, short.file);
    const statuses: number[] = [];
    while (Date.now() < (seconds + 2) * 1_000)
      statuses.push((await ask({ port: gateway.port, host: HOST, path: "/1" })).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    await expect.poll(() => tunnelsOf(gateway)).toHaveLength(2);
    expect(await events).toHaveLength(40);
    expect(agent.stderr).not.toContain("tunnel_lost");
  });

  test("a tunnel is resumed with the token that it began with, though the file has another", async () => {
    const { startFaultProxy } = await import("@warren/host/testing");
    await using path = await startFaultProxy({ target: { port: gateway.port } });
    const first = await fleet.token();
    const agent = fleet.start([
      ...words(first.file).filter((word) => !word.startsWith("ws:") && word !== "--gateway"),
      "--gateway",
      `ws://127.0.0.1:${path.port}`,
    ]);
    await agent.says(/joined/);
    await served(gateway.port, HOST, "/1");
    const { events } = await openEvents({ port: gateway.port, host: HOST }, 12);
    const { file } = await fleet.token({ uuid: first.uuid });
    copyFileSync(file, first.file);
    path.cut("rst");
    await agent.says(/tunnel resumed/);
    expect(await events).toHaveLength(12);
  });
});
