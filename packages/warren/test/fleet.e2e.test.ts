/** Several gateways that share a Redis, and agents that have tunnels to some of them. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { programPath, startFaultProxy, testCertificates } from "@warren/host/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { capitals, webService } from "./_service.ts";
import { freePort } from "./_kit/fleet.ts";
import { ask, served } from "./_kit/ask.ts";
import { trafficService, type TrafficService } from "./_kit/traffic-service.ts";
import { TwoGateways } from "./_kit/two-gateways.ts";
import { exchange } from "./_kit/web-client.ts";
import { openEvents, openSocket } from "./_kit/watch.ts";

const redis = programPath("redis-server");
const HOST = "app.test";
const LONG_MS = 120_000;

/** One host with each kind of affinity. */
const tables = (port: number) => [
  `host = "cookie.test"\nto = "${port}"\npolicy = { affinity = "cookie" }`,
  `host = "address.test"\nto = "${port}"\npolicy = { affinity = "client_ip" }`,
];

describe.skipIf(redis === undefined)("two gateways", { timeout: LONG_MS }, () => {
  let two: TwoGateways;
  let service: TrafficService;
  beforeEach(async () => {
    two = await TwoGateways.start(redis!, ["--flap-wait", "2s", "--detect-after", "6s"]);
    service = await trafficService();
  });
  afterEach(async () => {
    await two[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });
  const plain = () => two.services("plain", `host = "${HOST}"\nto = "${service.port}"`);

  test("an agent learns of the second gateway and keeps a tunnel to each", async () => {
    const { file } = await two.fleet.token();
    await two.fleet.agent([
      "--gateway",
      `ws://127.0.0.1:${two.first.port}`,
      "--token-file",
      file,
      "--services",
      plain(),
    ]);
    await two.tunnels(two.first, 1);
    await two.tunnels(two.second, 1);
  });

  test("what lands on the gateway without the tunnel goes on in one hop", async () => {
    const { file } = await two.fleet.token();
    await two.agentOf(two.first, { token: file, services: plain() });
    const { port } = two.second;
    await served(port, HOST, "/1");
    const entry = { port, tlsPort: 0, ca: "", host: HOST };
    const body = Buffer.alloc(3_000_000, "hop ");
    const answer = await exchange("h1", entry, { method: "POST", path: "/7", body });
    expect([answer.status, answer.body.toString()]).toEqual([200, "7 3000000"]);
    const trailers = { "x-sum": "abc" };
    const headers = { "transfer-encoding": "chunked" };
    const asked = { method: "POST", path: "/8", headers, body, trailers };
    const summed = await exchange("h1", entry, asked);
    expect(summed.trailers).toEqual(trailers);
    const { events } = await openEvents({ port, host: HOST }, 3);
    expect(await events).toEqual(["data: 1", "data: 2", "data: 3"]);
    const socket = await openSocket({ port, host: HOST });
    await expect.poll(() => socket.count()).toBeGreaterThan(50);
    socket.end();
  });

  test("a session stays with its agent, whichever gateway it lands on", async () => {
    await using one = await webService("one");
    await using other = await webService("other");
    const { file } = await two.fleet.token();
    await two.agentOf(two.first, {
      token: file,
      services: two.services("s1", ...tables(one.port)),
    });
    await two.agentOf(two.second, {
      token: file,
      services: two.services("s2", ...tables(other.port)),
    });
    const ports = [two.first.port, two.second.port];
    for (const port of ports) {
      await served(port, "cookie.test");
      await served(port, "address.test");
    }
    // Both agents are known on both gateways before a client has any.
    const seen = async () => {
      const names = new Set<unknown>();
      for (let i = 0; i < 8; i++)
        names.add((await ask({ port: ports[0]!, host: "cookie.test" })).headers["x-service"]);
      return names.size;
    };
    await expect.poll(seen, { timeout: 10_000 }).toBe(2);
    const first = await ask({ port: ports[0]!, host: "cookie.test" });
    const set = first.headers["set-cookie"] ?? [];
    const cookie = set.map((one) => one.split(";", 1)[0]!).join("; ");
    for (let i = 0; i < 10; i++) {
      const again = await ask({ port: ports[i % 2]!, host: "cookie.test", headers: { cookie } });
      expect(again.headers["x-service"]).toBe(first.headers["x-service"]);
      expect(again.headers["set-cookie"]).toBeUndefined();
    }
    const names = [];
    for (let i = 0; i < 10; i++)
      names.push((await ask({ port: ports[i % 2]!, host: "address.test" })).headers["x-service"]);
    expect(new Set(names).size).toBe(1);
  });

  test("the owner of a tunnel dies: what went over it fails at once, the rest goes on", async () => {
    const { file } = await two.fleet.token();
    const services = plain();
    await two.agentOf(two.first, { token: file, services });
    const { port } = two.second;
    await served(port, HOST, "/1");
    const { events: lost } = await openEvents({ port, host: HOST }, 400);
    const { file: another } = await two.fleet.token();
    const others = two.services("others", `host = "other.test"\nto = "${service.port}"`);
    await two.agentOf(two.second, { token: another, services: others });
    await served(port, "other.test", "/1");
    const kept = await openSocket({ port, host: "other.test" });
    const since = performance.now();
    two.first.cli.signal("SIGKILL");
    await expect(lost).rejects.toThrow();
    expect(performance.now() - since).toBeLessThan(2_000);
    const before = kept.count();
    await expect.poll(() => kept.count()).toBeGreaterThan(before + 50);
    kept.end();
    // Its agent has learnt where else to go.
    await expect.poll(async () => (await ask({ port, host: HOST, path: "/1" })).status).toBe(200);
  });

  test("an agent whose gateway dies fails its streams at once; its other tunnel goes on", async () => {
    const { file } = await two.fleet.token();
    const agent = await two.fleet.agent([
      "--gateway",
      `ws://127.0.0.1:${two.first.port}`,
      "--token-file",
      file,
      "--services",
      plain(),
    ]);
    await two.tunnels(two.second, 1);
    const [, kept] = await Promise.all([
      openEvents({ port: two.first.port, host: HOST }, 400),
      openSocket({ port: two.second.port, host: HOST }),
    ]);
    const since = performance.now();
    two.first.cli.signal("SIGKILL");
    await agent.says(/"gateway":"g1","code":"tunnel_lost"/);
    expect(performance.now() - since).toBeLessThan(5_000);
    const before = kept.count();
    await expect.poll(() => kept.count()).toBeGreaterThan(before + 50);
    kept.end();
    expect((await ask({ port: two.second.port, host: HOST, path: "/1" })).status).toBe(200);
    expect(agent.stderr).not.toContain('"gateway":"g2","code":"tunnel_lost"');
  });

  test("a resume that lands on the other gateway reaches its owner, streams intact", async () => {
    const port = await freePort();
    await using path = await startFaultProxy({ target: { port } });
    const owner = await two.fleet.gateway({
      redis: two.store.url,
      more: ["--port", String(port), "--advertise", `ws://127.0.0.1:${path.port}`],
    });
    const { file } = await two.fleet.token();
    const more = ["--min-gateways", "2"];
    const agent = await two.agentOf({ port: path.port }, { token: file, services: plain(), more });
    await agent.says(/"gateway":"g[12]".*tunnel connected/); // it has learnt of the others
    const where = { port, host: HOST };
    const { events } = await openEvents(where, 30);
    const socket = await openSocket(where);
    // The owner's own address is not reached any more; those of the others are.
    path.refuse();
    path.cut("rst");
    await agent.says(/tunnel resumed/);
    const before = socket.count();
    await expect.poll(() => socket.count()).toBeGreaterThan(before + 50);
    expect(await events).toHaveLength(30);
    socket.end();
    await two.tunnels({ ...owner, port }, 1);
    expect(agent.stderr).not.toContain("tunnel_lost");
  });

  test("a gateway with another key is not let in", async () => {
    const { file } = await two.fleet.token();
    await two.agentOf(two.first, { token: file, services: plain() });
    await served(two.second.port, HOST, "/1");
    const stranger = await two.fleet.gateway({
      redis: two.store.url,
      more: ["--flap-wait", "1s"],
      peerKey: "a key that no other gateway has ever seen",
    });
    expect((await ask({ port: stranger.port, host: HOST, path: "/1" })).status).toBe(503);
    await two.first.cli.says(/"kind":"peer".*"msg":"credential refused"|credential refused.*peer/);
  });

  test("certificates of one authority do instead of a key", async () => {
    const { ca, server } = testCertificates();
    const files = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" };
    for (const [what, text] of [
      ["ca", ca],
      ["cert", server.cert],
      ["key", server.key],
    ] as const)
      writeFileSync((files[what] = join(two.fleet.folder, files[what])), text);
    const peers = { redis: two.store.url, peerFiles: files };
    const owner = await two.fleet.gateway(peers);
    const entry = await two.fleet.gateway(peers);
    const { file } = await two.fleet.token();
    await two.agentOf(owner, { token: file, services: plain() });
    await served(entry.port, HOST, "/1");
    expect((await ask({ port: entry.port, host: HOST, path: "/1" })).body).toBe("1 0");
  });

  test("each gateway grants its share of a limit", async () => {
    const { file } = await two.fleet.token({ rate: { per_second: 0.1, burst: 20 } });
    await two.agentOf(two.first, { token: file, services: plain(), more: ["--min-gateways", "2"] });
    await two.tunnels(two.second, 1);
    for (const { adminPort } of [two.first, two.second]) await counts(adminPort, 2);
    for (const { port } of [two.first, two.second]) {
      await served(port, HOST, "/1");
      const statuses = [];
      for (let i = 0; i < 30; i++)
        statuses.push((await ask({ port, host: HOST, path: "/1" })).status);
      const granted = statuses.filter((status) => status === 200).length;
      expect(granted).toBeGreaterThanOrEqual(7);
      expect(granted).toBeLessThanOrEqual(10);
      expect(statuses.at(-1)).toBe(429);
    }
  });

  test("a revocation on one gateway closes the tunnel on the other within 5 s", async () => {
    const { file, id } = await two.fleet.token();
    const agent = await two.agentOf(two.first, { token: file, services: plain() });
    await served(two.second.port, HOST, "/1");
    const since = performance.now();
    const admin = `http://127.0.0.1:${two.second.adminPort}`;
    const revoke = ["token", "revoke", id, "--admin", admin];
    expect(await two.fleet.start(revoke).ended()).toMatchObject({ code: 0 });
    await agent.says(/token_revoked/);
    await two.tunnels(two.first, 0);
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  test("a TCP connection makes the hop as well", async () => {
    const publicPort = await freePort();
    const range = ["--tcp-ports", `${publicPort}-${publicPort}`];
    // One listens there; the agent's tunnel is on the other.
    const entry = await two.fleet.gateway({ redis: two.store.url, more: range });
    await using upper = await capitals();
    const { file } = await two.fleet.token();
    const owner = await two.fleet.gateway({
      redis: two.store.url,
      more: [...range, "--listen", "127.0.0.2"],
    });
    const services = two.services("tcp", `to = "tcp://127.0.0.1:${upper.port}"`);
    await two.fleet.agent([
      "--gateway",
      `ws://127.0.0.2:${owner.port}`,
      "--token-file",
      file,
      "--min-gateways",
      "1",
      "--services",
      services,
    ]);
    void entry;
    const say = async () => {
      const socket = connect(publicPort, "127.0.0.1");
      socket.on("error", () => {});
      socket.write("over the hop");
      const [text] = (await once(socket, "data").catch(() => [""])) as [Buffer | string];
      socket.destroy();
      return text.toString();
    };
    await expect.poll(say, { timeout: 15_000 }).toBe("OVER THE HOP");
  });
});

/** Resolves once a gateway counts so many gateways: it grants its share of limits by that number. */
async function counts(adminPort: number, gateways: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    if (text.includes(`gateway_fleet_size ${gateways}\n`)) return;
    await later(50);
  }
}
