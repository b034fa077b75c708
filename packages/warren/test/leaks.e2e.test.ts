import { once } from "node:events";
import { connect as connectHttp2, constants, type ClientHttp2Session } from "node:http2";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { setTimeout as later } from "node:timers/promises";
import { startFaultProxy } from "@warren/host/testing";
import { expect, test } from "vitest";
import { ask, served } from "./_kit/ask.ts";
import { routeTo } from "./_kit/configs.ts";
import { Stage } from "./_kit/stage.ts";

/**
 * Clients that disconnect at random bytes, while the tunnel's transport is cut again and again: in the
 * end neither gateway nor agent holds anything. A failure names its seed.
 */
const HOST = "leaks.test";
const CLIENTS = 400;
const AT_ONCE = 40;
const BODY_BYTES = 300_000;
const BLOCK = Buffer.alloc(30_000, "x");

/** Small numbers out of a seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** `/down` says much, `/echo` says what it hears, `/held` nothing, `/half` breaks off; an upgrade echoes. */
async function startService(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === "/held") return void request.resume();
    if (request.url === "/echo") return void request.pipe(response);
    if (request.url === "/half") {
      response.writeHead(200, { "content-length": BODY_BYTES }).write(BLOCK);
      return void request.resume().on("end", () => response.destroy());
    }
    request.resume();
    for (let sent = 0; sent < BODY_BYTES; sent += BLOCK.length) response.write(BLOCK);
    response.end();
  });
  server.on("upgrade", (_request, socket: Socket) => {
    socket.on("error", () => {});
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n",
    );
    socket.pipe(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

const PATHS = ["/down", "/echo", "/held", "/half"];

/** Bytes of a client that will not say all of them. */
function request(random: (below: number) => number): Buffer {
  const path = PATHS[random(PATHS.length)]!;
  const head = (fields: string, verb = "GET") =>
    Buffer.from(`${verb} ${path} HTTP/1.1\r\nhost: ${HOST}\r\n${fields}\r\n`);
  const body = Buffer.alloc(BODY_BYTES, "y");
  switch (random(5)) {
    case 0:
      return head("");
    case 1:
      return Buffer.concat([head(`content-length: ${BODY_BYTES}\r\n`, "POST"), body]);
    case 2: {
      const chunk = Buffer.concat([Buffer.from("7530\r\n"), BLOCK, Buffer.from("\r\n")]);
      const chunks = Array.from({ length: 10 }, () => chunk);
      const end = Buffer.from("0\r\nx-sum: 1\r\n\r\n");
      return Buffer.concat([head("transfer-encoding: chunked\r\n", "POST"), ...chunks, end]);
    }
    case 3:
      return Buffer.concat([head("connection: Upgrade\r\nupgrade: echo\r\n"), body]);
    default: // pipelined, and again, as far as it gets
      return Buffer.concat(Array.from({ length: 20 }, () => head("")));
  }
}

/** Says some of a request, reads some of the answer or none, and goes, in one of three ways. */
async function rudeClient(port: number, random: (below: number) => number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const whole = request(random);
  const says = random(3) === 0 ? random(200) : random(whole.length + 1);
  const reads = random(4) === 0 ? 0 : random(2 * BODY_BYTES);
  const how = random(3);
  const go = (): void => {
    if (how === 0) socket.resetAndDestroy();
    else if (how === 1) socket.destroy();
    else socket.end(() => socket.destroy());
  };
  let left = reads;
  if (reads > 0) socket.on("data", (chunk) => (left -= chunk.length) <= 0 && go());
  socket.write(whole.subarray(0, says));
  // Whoever waits for more than there will be goes all the same.
  const patience = setTimeout(go, 50 + random(1_500));
  await closed;
  clearTimeout(patience);
}

/** A session of several requests that are reset, or left with it. */
async function rudeSession(port: number, random: (below: number) => number): Promise<void> {
  const session: ClientHttp2Session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  const closed = new Promise<void>((resolve) => session.once("close", () => resolve()));
  for (let n = 0; n < 1 + random(8); n++) {
    const asked = session.request({
      ":method": "POST",
      ":path": PATHS[random(PATHS.length)],
      ":authority": HOST,
    });
    asked.on("error", () => {});
    asked.write(Buffer.alloc(random(BODY_BYTES), "z"));
    if (random(2) === 0) asked.end();
    if (random(2) === 0) asked.resume();
    if (random(2) === 0) setTimeout(() => asked.close(constants.NGHTTP2_CANCEL), random(500));
  }
  setTimeout(() => session.destroy(), 20 + random(800));
  await closed;
}

test(
  "clients that disconnect at random bytes over a tunnel that flaps leave nothing behind",
  { timeout: 180_000 },
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = numbers(seed);
    await using stage = new Stage();
    const service = await startService();
    const servicePort = (service.address() as AddressInfo).port;
    const gateway = await stage.gateway({
      tunnels: { detectMs: 5_000 },
      timeouts: { headMs: 4_000 },
    });
    await using proxy = await startFaultProxy({ target: { port: gateway.port } });
    const agent = await stage.agent(proxy.port, [routeTo(HOST, servicePort)], { admin: true });
    await served(gateway.port, HOST, "/down");

    let left = CLIENTS;
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const client = random(5) === 0 ? rudeSession : rudeClient;
        await client(gateway.port, random);
      }
    };
    const all = Promise.all(Array.from({ length: AT_ONCE }, worker));
    const over = all.then(() => true);
    while (!(await Promise.race([over, later(700, false)])))
      proxy.cut(random(2) === 0 ? "rst" : "fin");

    const held = async () => {
      const { stats } = (await gateway.tunnels())[0]!;
      const { streams, lentBytes, queuedBytes, replayBytes, inFlightBytes } = stats;
      return {
        gateway: { streams, lentBytes, queuedBytes, replayBytes, inFlightBytes },
        ...(await gateway.metrics("gateway_connections")),
        ...(await agent.metrics(
          "agent_streams",
          "agent_tunnel_lent_bytes",
          "agent_tunnel_queued_bytes",
          "agent_tunnel_replay_bytes",
        )),
      };
    };
    const nothing = {
      gateway: { streams: 0, lentBytes: 0, queuedBytes: 0, replayBytes: 0, inFlightBytes: 0 },
      gateway_connections: 0,
      agent_streams: 0,
      agent_tunnel_lent_bytes: 0,
      agent_tunnel_queued_bytes: 0,
      agent_tunnel_replay_bytes: 0,
    };
    // What a client left behind ends with the deadlines of heads and bodies, at the latest.
    await expect
      .poll(held, { timeout: 60_000, interval: 250, message: `seed ${seed}` })
      .toEqual(nothing);
    expect((await gateway.tunnels())[0]!.stats.resumes, `seed ${seed}`).toBeGreaterThan(0);
    expect((await ask({ port: gateway.port, host: HOST, path: "/down" })).status).toBe(200);
    service.closeAllConnections();
    service.close();
  },
);
