import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { FLAG, FRAME, LIMITS, SUBPROTOCOL, TUNNEL_PATH, writeFrameHeader } from "@warren/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { ask, served } from "./_kit/ask.ts";
import { routeTo } from "./_kit/configs.ts";
import { RawPeer } from "./_kit/raw-peer.ts";
import { Stage, type GatewayMember } from "./_kit/stage.ts";

const HOST = "honest.test";
const SLOW_MS = 1_500;
const POOL_BYTES = 2 * 1_048_576;

/** An honest agent and its service beside all that is done to the gateway. */
const stage = new Stage();
const service = createServer((_request, response) => response.end("well"));
let gateway: GatewayMember;

beforeAll(async () => {
  await once(service.listen(0, "127.0.0.1"), "listening");
  gateway = await stage.gateway({
    timeouts: { slowMs: SLOW_MS },
    tunnels: { streams: 100, poolBytes: POOL_BYTES },
    quotas: { clusterRoutes: 50 },
    waiting: { most: 40, perCluster: 10 },
  });
  await stage.agent(gateway.port, [routeTo(HOST, (service.address() as AddressInfo).port)]);
  await served(gateway.port, HOST);
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  service.close();
});

/** The process lives, and the honest agent's tunnel is the one it was. */
async function allIsWell(): Promise<void> {
  expect(await ask({ port: gateway.port, host: HOST })).toMatchObject({
    status: 200,
    body: "well",
  });
  const tunnels = await gateway.tunnels();
  const honest = tunnels.find((one) => one.agent_id === "agent")!;
  expect(honest).toMatchObject({ state: "connected" });
  expect(honest.stats.resumes).toBe(0);
}

function frame(type: number, stream: number, payload = new Uint8Array(0), flags = 0): Uint8Array {
  const whole = new Uint8Array(8 + payload.length);
  writeFrameHeader(whole, 0, { type, flags, length: payload.length, stream });
  whole.set(payload, 8);
  return whole;
}
const bytes = (count: number) => new Uint8Array(count);

async function registered(agentId = "hostile"): Promise<RawPeer> {
  const peer = await RawPeer.dial(gateway.port, await stage.token("hostile"));
  peer.register(agentId);
  await peer.hears("register_success");
  return peer;
}

const many = (count: number, message: (i: number) => Uint8Array) => (peer: RawPeer) => {
  for (let i = 0; i < count; i++) peer.binary(message(i));
};

describe("a peer is closed, the process lives and other tunnels do not notice, when it", () => {
  test.each([
    {
      name: "sends a frame over the announced size",
      act: many(1, () => frame(FRAME.data, 1, bytes(LIMITS.frameBytes + 1))),
      code: 1002,
    },
    {
      name: "opens with a head over 64 KiB",
      act: many(6, () => frame(FRAME.open, 1, bytes(16_000), FLAG.more)),
      code: 1002,
    },
    {
      name: "opens more streams than announced",
      act: many(101, (i) => frame(FRAME.open, 1 + 2 * i, bytes(1), FLAG.more)),
      code: 1002,
    },
    { name: "sends binary garbage", act: many(1, () => bytes(100).fill(0xff)), code: 1002 },
    {
      name: "acknowledges what was never sent",
      act: many(1, () => frame(FRAME.ack, 0, bytes(6).fill(9))),
      code: 1002,
    },
    {
      name: "sends a control message over 1 MiB",
      act: (peer: RawPeer) =>
        peer.text(`{"type":"ping","payload":{"x":"${"x".repeat(1_048_577)}"}}`),
      code: 1009,
    },
    {
      name: "sends a binary message over what WebSockets may hold",
      act: many(1, () => bytes(1_048_577)),
      code: 1009,
    },
  ])("$name", async ({ act, code }) => {
    using peer = await registered();
    act(peer);
    await peer.until(() => peer.closed !== undefined);
    expect(peer.closed!.code).toBe(code);
    await allIsWell();
  });
});

test("text that is no control message is answered, and nothing else comes of it", async () => {
  using peer = await registered();
  peer.text("hello?");
  expect(await peer.hears("error")).toMatchObject({ code: "bad_request" });
  expect(peer.closed).toBeUndefined();
  await allIsWell();
});

const agentNamed = async (id: string) =>
  (await gateway.tunnels()).find((one) => one.agent_id === id)!;
const mute = () => agentNamed("mute");

test("a peer that never acknowledges is sent no more than it has credit for", async () => {
  const host = "mute.test";
  using peer = await registered("mute");
  peer.say({
    type: "ingress_routes",
    request_id: "1",
    payload: { action: "sync", revision: 1, routes: [{ host, service: "mute", port: 1 }] },
  });
  await peer.hears("ingress_routes_ack");
  const length = 10_000_000;
  const clients = Array.from({ length: 50 }, () => {
    const client = connect({ port: gateway.port, host: "127.0.0.1" });
    client.write(`POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${length}\r\n\r\n`);
    client.write(bytes(1_000_000));
    client.on("error", () => {});
    return client;
  });
  while ((await mute()).stats.streams < 50) await new Promise(setImmediate);
  await allIsWell();
  const { stats } = await mute();
  expect(stats.replayBytes).toBeGreaterThan(0);
  expect(stats.replayBytes).toBeLessThanOrEqual(stats.capBytes + 1_048_576);
  // Credit without end, as if it would take all of it: what clients send waits with them.
  for (let id = 2; id <= 100; id += 2)
    peer.binary(frame(FRAME.credit, id, Uint8Array.of(0xf0, 0, 0, 0)));
  for (let n = 0; n < 20; n++) await allIsWell();
  const { queuedBytes, replayBytes } = (await mute()).stats;
  expect(queuedBytes).toBeGreaterThan(1_048_576);
  expect(queuedBytes).toBeLessThanOrEqual(POOL_BYTES + 50 * (16_384 + 65_536 + 128));
  expect(replayBytes).toBeLessThanOrEqual(POOL_BYTES + 1_048_576);
  for (const client of clients) client.destroy();
});

test("a peer that asks and reads nothing is cut off before its answers pile up", async () => {
  const before = (await gateway.memory()).rss;
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${TUNNEL_PATH}`, [SUBPROTOCOL], {
    headers: { authorization: `Bearer ${await stage.token("deaf")}` },
  });
  socket.on("error", () => {});
  await once(socket, "open");
  const payload = { agent_id: "deaf", versions: { agent: "0", protocol: [1] } };
  socket.send(JSON.stringify({ type: "register", payload }));
  await once(socket, "message");
  socket.pause();
  const raw = (socket as unknown as { _socket: Socket })._socket;
  const gone = new Promise<void>((resolve) => raw.once("close", () => resolve()));
  // Each asks for what is answered with more than was asked.
  const ask = `{"type":"heartbeat","request_id":"${"x".repeat(128)}"}`;
  const asking = (async () => {
    while (!raw.destroyed) {
      for (let n = 0; n < 500; n++) socket.send(ask);
      // In time: what is lost with the connection is heard in other turns.
      if (raw.writableNeedDrain) await new Promise((resolve) => raw.once("drain", resolve));
      else await new Promise(setImmediate);
    }
  })();
  await Promise.race([gone, asking]);
  await gone;
  const held = (await gateway.memory()).rss - before;
  expect(held).toBeLessThan(128 * 1_048_576);
  await allIsWell();
}, 60_000);

test("a tenant that takes all that it can get leaves the rest to others", async () => {
  using peer = await registered("greedy");
  const routes = Array.from({ length: 60 }, (_, n) => ({
    host: `h${n}.greedy.test`,
    service: "none",
    port: 1,
  }));
  peer.say({ type: "ingress_routes", request_id: "1", payload: { action: "add", routes } });
  const ack = await peer.hears("ingress_routes_ack");
  expect(ack).toMatchObject({ accepted: 50 });
  const codes = (ack["rejected"] as { code: string }[]).map(({ code }) => code);
  expect(codes).toEqual(Array.from({ length: 10 }, () => "quota_exceeded"));
  await allIsWell();
  peer.drop();
  while ((await agentNamed("greedy")).state === "connected") await new Promise(setImmediate);
  // Requests for it wait for its tunnel, as many as one cluster may have waiting.
  const answers = Array.from({ length: 60 }, () =>
    ask({ port: gateway.port, host: "h1.greedy.test" }),
  );
  await allIsWell();
  for (const { status } of await Promise.all(answers)) expect(status).toBe(503);
});

async function open(count: number, say: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 250) {
    const some = Array.from({ length: Math.min(250, count - i) }, () => {
      const socket = connect({ port: gateway.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.resume();
      return socket;
    });
    await Promise.all(some.map((socket) => once(socket, "connect")));
    if (say !== "") for (const socket of some) socket.write(say);
    sockets.push(...some);
  }
  return sockets;
}

describe("clients", () => {
  test("that drip a head are cut off, and cost nobody else anything", async () => {
    const sockets = await open(200, `GET / HTTP/1.1\r\nhost: ${HOST}\r\n`);
    const drip = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write("x-slow: 1\r\n");
    }, 100);
    const answers = sockets.map((socket) => once(socket, "data") as Promise<[Buffer]>);
    await allIsWell();
    for (const [answer] of await Promise.all(answers))
      expect(answer.toString()).toMatch(/^HTTP\/1.1 408 /);
    clearInterval(drip);
    await Promise.all(sockets.filter((one) => !one.closed).map((socket) => once(socket, "close")));
    await allIsWell();
  });

  test("that only connect, 8,000 of them, are shown out and leave no memory behind", async () => {
    const before = (await gateway.memory()).rss;
    const sockets = await open(8_000, "");
    await allIsWell();
    const held = (await gateway.memory()).rss - before;
    // Generous, since what a socket weighs is Node's and libuv's: 10 KB each.
    expect(held / sockets.length).toBeLessThan(10_000);
    await Promise.all(sockets.filter((one) => !one.closed).map((socket) => once(socket, "close")));
    await allIsWell();
  }, 60_000);
});
