/** What clients hear whose agent is killed, while another one of its cluster lives or at another gateway. All are processes of their own. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { programPath, RawEnd } from "@warren/host/testing";
import { expect, test } from "vitest";
import { capitals, webService } from "./_service.ts";
import { ask, served } from "./_kit/ask.ts";
import { Fleet, freePort, tunnelsOf } from "./_kit/fleet.ts";
import { TwoGateways } from "./_kit/two-gateways.ts";
import { trafficService } from "./_kit/traffic-service.ts";
import { openEvents, openSocket } from "./_kit/watch.ts";

const HOST = "app.test";
const SILENT = "silent.test";
const HEAD_MS = 3_000;
/** Long after what is held has ended, on a busy machine too. */
const RESUME_MS = 15_000;

/** A service that never answers, and what it was asked. */
async function silentService() {
  const asked: string[] = [];
  const server = createServer((request) => void asked.push(request.method!));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function startScene(owned: AsyncDisposableStack) {
  const traffic = owned.use(await trafficService());
  const upper = owned.use(await capitals());
  const silent = owned.use(await silentService());
  const fleet = owned.use(new Fleet());
  const tcpPort = await freePort();
  const times = ["--head-timeout", `${HEAD_MS}ms`, "--resume-within", `${RESUME_MS}ms`];
  const gateway = await fleet.gateway({ more: [...times, "--tcp-ports", `${tcpPort}-${tcpPort}`] });
  const services = join(fleet.folder, "services.toml");
  const tables = [
    `host = "${HOST}"\nto = "${traffic.port}"`,
    `host = "${SILENT}"\nto = "${silent.port}"`,
    `to = "tcp://127.0.0.1:${upper.port}"`,
  ];
  // One agent has all that one client opens.
  const said = tables.map(
    (table) => `[[service]]\n${table}\npolicy = { affinity = "client_ip" }\n`,
  );
  writeFileSync(services, said.join(""));
  const { file } = await fleet.token();
  const url = `ws://127.0.0.1:${gateway.port}`;
  const words = ["--gateway", url, "--token-file", file, "--services", services];
  const agents = [await fleet.agent(words), await fleet.agent(words)];
  await served(gateway.port, HOST, "/1");
  return { agents, gateway, silent, tcpPort };
}

test(
  "what an agent had when it was killed ends in time, and nobody else is asked",
  { timeout: 60_000 },
  async () => {
    await using owned = new AsyncDisposableStack();
    const { agents, gateway, silent, tcpPort } = await startScene(owned);
    const { port } = gateway;
    const { events } = await openEvents({ port, host: HOST }, 400);
    const socket = await openSocket({ port, host: HOST });
    using raw = new RawEnd(connect(tcpPort, "127.0.0.1"));
    raw.send("well");
    await raw.has("WELL");
    const held = ["GET", "POST"].map((method) => ask({ port, host: SILENT, method }));
    await expect.poll(() => silent.asked.toSorted()).toEqual(["GET", "POST"]);
    const [busy] = (await tunnelsOf(gateway)).filter(({ stats }) => stats.streams === 5);
    const killed = agents.find(({ child }) => child.spawnargs.includes(busy!.agent_id))!;
    killed.signal("SIGKILL");
    const killedAt = performance.now();
    const tookMs = () => performance.now() - killedAt;
    const state = async () =>
      (await tunnelsOf(gateway)).find(({ agent_id }) => agent_id === busy!.agent_id)?.state;
    await expect.poll(state).toBe("reconnecting");
    expect((await ask({ port, host: HOST, path: "/2" })).body).toBe("2 0");

    for (const answer of await Promise.all(held)) {
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.body)).toMatchObject({ error: { code: "tunnel_lost" } });
    }
    // Ended by the time that a head may take: the agent may still come back.
    expect(await state()).toBe("reconnecting");
    await expect(events).rejects.toThrow();
    expect((await socket.closed).code).toBe(1006);
    await raw.until(({ closed }) => closed);
    expect(raw.error?.code).toBe("ECONNRESET");
    expect(tookMs()).toBeGreaterThan(RESUME_MS - 50);
    expect(await state()).toBeUndefined();
    // The other agent served at all that time, and was never asked for them.
    expect(silent.asked).toHaveLength(2);
  },
);

const redis = programPath("redis-server");

test.skipIf(redis === undefined)(
  "whoever asks another gateway than the agent's hears the same, once its time is over",
  async () => {
    await using owned = new AsyncDisposableStack();
    const silent = owned.use(await silentService());
    const two = owned.use(await TwoGateways.start(redis!, ["--head-timeout", `${HEAD_MS}ms`]));
    const { file } = await two.fleet.token();
    const web = owned.use(await webService("web"));
    const services = two.services(
      "silent",
      `host = "${SILENT}"\nto = "${silent.port}"`,
      `host = "${HOST}"\nto = "${web.port}"`,
    );
    const agent = await two.agentOf(two.first, { token: file, services });
    const held = [two.first, two.second].map(async ({ port }) => {
      await served(port, HOST);
      return ask({ port, host: SILENT });
    });
    await expect.poll(() => silent.asked).toHaveLength(2);
    agent.signal("SIGKILL");
    for (const answer of await Promise.all(held)) {
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.body)).toMatchObject({ error: { code: "tunnel_lost" } });
    }
  },
);
