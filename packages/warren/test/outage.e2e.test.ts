import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { startFaultProxy } from "@warren/host/testing";
import { FLOOR_BYTES } from "@warren/wire";
import { expect, test } from "vitest";
import { ask, served } from "./_kit/ask.ts";
import { routeTo } from "./_kit/configs.ts";
import { RawPeer } from "./_kit/raw-peer.ts";
import { Stage } from "./_kit/stage.ts";

const HOST = "app.test";
const MIB = 1_048_576;

/** `/held` never answers, `/half` breaks off, `/all` takes what it is sent, an upgrade is an echo. */
async function startService(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === "/held") return;
    if (request.url === "/half") {
      response.writeHead(200, { "content-length": 1_000 }).write("half");
      return;
    }
    request.resume().on("end", () => response.end("well"));
  });
  server.on("upgrade", (_request, socket: Socket) => {
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n",
    );
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

/** Sends a head and resolves with the connection once `answer` has come. */
async function begin(port: number, head: string, answer: string): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.write(head);
  let text = "";
  while (!text.includes(answer)) text += String(((await once(socket, "data")) as [Buffer])[0]);
  return socket;
}

/** Also when it ends with an error, which `once` would throw. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("close", () => resolve());
  });
}

async function startOutage(stage: Stage, tunnels: Record<string, number>) {
  const service = await startService();
  const gateway = await stage.gateway({ tunnels, timeouts: { flapMs: 300 } });
  const proxy = await startFaultProxy({ target: { port: gateway.port } });
  const servicePort = (service.address() as AddressInfo).port;
  // Both sides lend as much: what one keeps for replay is what the other gave credit for.
  const { poolBytes } = tunnels;
  const agent = await stage.agent(proxy.port, [routeTo(HOST, servicePort)], {
    detectMs: 1_000,
    ...(poolBytes === undefined ? {} : { poolBytes }),
  });
  await served(gateway.port, HOST);
  return {
    gateway,
    agent,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      service.closeAllConnections();
      service.close();
    },
  };
}

test("a tunnel that is never resumed fails its streams in time, and its cluster goes offline", async () => {
  await using stage = new Stage();
  const resumeMs = 3_000;
  await using scene = await startOutage(stage, { detectMs: 1_000, resumeMs });
  const { gateway, proxy } = scene;
  const { port } = gateway;
  const held = ask({ port, host: HOST, path: "/held" });
  const half = await begin(port, `GET /half HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`, "half");
  const upgrade = `GET / HTTP/1.1\r\nhost: ${HOST}\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n`;
  const upgraded = await begin(port, upgrade, "\r\n\r\n");
  const gone = Promise.all([half, upgraded].map(closed));
  while ((await gateway.tunnels())[0]!.stats.streams < 3) await new Promise(setImmediate);

  proxy.refuse();
  proxy.cut("rst");
  const cutAt = performance.now();
  const reconnecting = await ask({ port, host: HOST });
  expect(reconnecting.status).toBe(503);
  expect(JSON.parse(reconnecting.body)).toMatchObject({ error: { code: "cluster_reconnecting" } });
  expect(Number(reconnecting.headers["retry-after"])).toBeGreaterThan(0);
  expect(upgraded.destroyed).toBe(false);

  const lost = await held;
  const waitedMs = performance.now() - cutAt;
  expect(lost.status).toBe(502);
  expect(JSON.parse(lost.body)).toMatchObject({ error: { code: "tunnel_lost" } });
  // The gateway's clock starts when it hears of the cut: a little later, never earlier.
  expect(waitedMs).toBeGreaterThan(resumeMs - 50);
  expect(waitedMs).toBeLessThan(resumeMs + 3_000);
  await gone;
  const offline = await ask({ port, host: HOST });
  expect(offline.status).toBe(503);
  expect(JSON.parse(offline.body)).toMatchObject({ error: { code: "cluster_offline" } });

  proxy.heal();
  await served(port, HOST);
  expect(await ask({ port, host: HOST })).toMatchObject({ status: 200, body: "well" });
});

test("a resume needs the tunnel's own id, and the token that it was registered with", async () => {
  await using stage = new Stage();
  const { port } = await stage.gateway();
  const [token, otherToken] = [await stage.token("one"), await stage.token("two")];
  using owner = await RawPeer.dial(port, token);
  owner.register("a1");
  const { tunnel_id: tunnelId } = (await owner.hears("register_success")) as { tunnel_id: string };
  using left = await RawPeer.dial(port, token);
  left.register("a2");
  const stale = ((await left.hears("register_success")) as { tunnel_id: string }).tunnel_id;
  left.leave();
  await left.until(() => left.closed !== undefined);

  const attempts = [
    { name: "wrong", token, id: "0".repeat(tunnelId.length) },
    { name: "stale", token, id: stale },
    { name: "foreign", token: otherToken, id: tunnelId },
  ];
  for (const { token, id } of attempts) {
    using thief = await RawPeer.dial(port, token);
    thief.register("thief", { tunnel_id: id, received: 0 });
    expect(await thief.hears("error")).toMatchObject({ code: "unknown_tunnel" });
  }
  expect(owner.closed).toBeUndefined();

  owner.drop();
  using again = await RawPeer.dial(port, token);
  again.register("a1", { tunnel_id: tunnelId, received: 0 });
  expect(await again.hears("register_success")).toMatchObject({ resumed: true });
});

test("what is kept for an outage stays within floors, pool and 1 MiB, and memory with it", async () => {
  const streams = 400;
  const poolBytes = 4 * MIB;
  await using stage = new Stage();
  await using scene = await startOutage(stage, { detectMs: 1_000, poolBytes });
  const { gateway, proxy } = scene;
  const before = await gateway.memory();
  const length = MIB / 2;
  const block = Buffer.alloc(length);
  const head = `POST /all HTTP/1.1\r\nhost: ${HOST}\r\ncontent-length: ${length}\r\n\r\n`;
  const uploads = Array.from({ length: streams }, () => {
    const socket = connect({ port: gateway.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.write(head);
    return { socket, answer: once(socket, "data") as Promise<[Buffer]> };
  });
  const statsNow = async () => (await gateway.tunnels())[0]!.stats;
  // An opening that has not left by then is refused, not kept.
  while ((await statsNow()).streams < streams || (await statsNow()).inFlightBytes > 0)
    await new Promise(setImmediate);
  proxy.blackHole();
  for (const { socket } of uploads) socket.write(block);
  // Until nobody is read any further.
  for (let seen = -1; ;) {
    const moved = uploads.reduce(
      (sum, { socket }) => sum + socket.bytesWritten - socket.writableLength,
      0,
    );
    if (moved === seen) break;
    seen = moved;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const stats = await statsNow();
  const during = await gateway.memory();
  const bound = streams * FLOOR_BYTES + poolBytes + MIB;
  expect(stats.replayBytes).toBeLessThanOrEqual(bound);
  // Beside what is kept, each upload has what was read before it was known that no more may be:
  // the kernel is asked for 64 KiB at a time, twice.
  expect(during.arrayBuffers - before.arrayBuffers).toBeLessThan(bound + streams * 2 * 65_536);
  proxy.heal();
  for (const { answer, socket } of uploads) {
    expect(String((await answer)[0])).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
  }
  expect((await statsNow()).mostReplayBytes).toBeLessThanOrEqual(bound);
}, 60_000);
