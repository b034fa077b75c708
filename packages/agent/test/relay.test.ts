import { once } from "node:events";
import { createServer } from "node:http";
import { WireError, KIND } from "@warren/wire";
import { closeFrame, readProxyHeader } from "@warren/http";
import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import type { TargetInput } from "../src/target.ts";
import { JoinedAgent } from "../src/testing/index.ts";
import { rawService, serve, type Service } from "./_services.ts";

const HANDSHAKE = [
  "GET /chat HTTP/1.1",
  "host: app.test",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
].join("\r\n");
const PROXY_LINE = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n";

/** A client's text frame, masked with zeros. */
function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

async function echoService(): Promise<Service & { sockets: WebSocketServer }> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  return Object.assign(await serve(http, () => {}), { sockets });
}

describe("an upgraded connection", () => {
  test.each([
    { name: "as the gateway's writer says it", more: "\r\nconnection: upgrade" },
    { name: "without Connection, which is put in", more: "" },
  ])("echoes WebSocket messages when the head comes $name", async ({ more }) => {
    using service = await echoService();
    const agent = new JoinedAgent();
    agent.publish([{ host: "127.0.0.1", port: service.port }]);
    const { stream, answer } = agent.open(HANDSHAKE + more, { kind: KIND.upgrade, ended: false });
    await answer.until(() => answer.heads.length === 1);
    expect(answer.head).toMatch(/^HTTP\/1.1 101 /);
    expect(answer.head).toContain("\r\nconnection: upgrade\r\nupgrade: websocket\r\n");
    stream.write(textFrame("hello"), false);
    await answer.until(() => answer.bytes === 7);
    expect(answer.buffer.toString("latin1")).toBe("\x81\x05hello");
  });

  test("bytes sent before the 101 reach the service after it, and the close code comes through", async () => {
    using service = await echoService();
    service.sockets.on("connection", (socket) => {
      socket.on("message", () => socket.close(4321, "enough"));
    });
    const agent = new JoinedAgent();
    agent.publish([{ host: "127.0.0.1", port: service.port }]);
    const { stream, answer } = agent.open(HANDSHAKE, { kind: KIND.upgrade, ended: false });
    stream.write(textFrame("early"), false);
    await answer.until(() => answer.text.includes("enough"));
    expect(answer.buffer.subarray(-10)).toEqual(Buffer.from(closeFrame(4321, "enough")));
    stream.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]), true);
    await answer.done();
    expect(answer.error).toBeUndefined();
    await agent.finished(1);
    expect(agent.seen[0]).toMatchObject({ line: "GET /chat", status: 101, error: undefined });
    expect(agent.streams.running).toBe(0);
  });

  test("that the service refuses is an ordinary answer", async () => {
    using service = await serve(
      createServer((_req, res) => res.writeHead(403).end("no")),
      () => {},
    );
    const agent = new JoinedAgent();
    agent.publish([{ host: "127.0.0.1", port: service.port }]);
    const { answer } = agent.open(HANDSHAKE, { kind: KIND.upgrade, ended: false });
    await answer.done();
    expect(answer.status).toBe(403);
    expect(answer.text).toBe("no");
  });

  test("ends at a frame boundary with 1012 when the drain's deadline comes", async () => {
    const half = Buffer.from("\x82\x0aabcde", "latin1");
    using service = await rawService((socket) => {
      socket.once("data", () => {
        socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        );
        socket.write(half);
      });
    });
    const clock = virtualClock();
    const agent = new JoinedAgent({}, clock);
    agent.publish([{ host: "127.0.0.1", port: service.port }]);
    const { stream, answer } = agent.open(HANDSHAKE, { kind: KIND.upgrade, ended: false });
    await answer.until(() => answer.bytes === half.length);
    const drained = agent.streams.drain(10_000);
    const refused = await agent.get();
    expect(refused.error?.code).toBe("refused");
    clock.advance(10_000);
    // The deadline passed in the middle of a frame; the rest of it still goes through, no more.
    (await service.connection(1)).write("fghij\x81\x02no");
    await answer.until(() => answer.ended);
    expect(answer.buffer.toString("latin1")).toBe(
      `${half.toString("latin1")}fghij${Buffer.from(closeFrame(1012, "draining")).toString("latin1")}`,
    );
    stream.end();
    expect(await drained).toBe(1);
    expect(agent.streams.running).toBe(0);
  });
});

function tcp(port: number, proxyProtocol = false): TargetInput[] {
  return [{ host: "127.0.0.1", port, protocol: "tcp", proxyProtocol }];
}

describe("a TCP stream", () => {
  const route = { host: "", kind: "tcp" as const };

  test("passes bytes both ways, each direction with its own end", async () => {
    using service = await rawService((socket) => {
      const got: Buffer[] = [];
      socket.on("data", (data: Buffer) => void got.push(data));
      socket.on("end", () => socket.end(`got ${Buffer.concat(got).toString()}`));
    });
    const agent = new JoinedAgent();
    agent.publish(tcp(service.port), route);
    const { stream, answer } = agent.open(PROXY_LINE, { kind: KIND.tcp, ended: false });
    stream.write(Buffer.from("some "), false);
    stream.write(Buffer.from("bytes"), true);
    await answer.done();
    expect(answer.text).toBe("got some bytes");
    expect(answer.error).toBeUndefined();
  });

  test("a service that ends first still hears the client", async () => {
    let heard = "";
    using service = await rawService((socket) => {
      socket.end("bye");
      socket.on("data", (data: Buffer) => (heard += data.toString()));
    });
    const agent = new JoinedAgent();
    agent.publish(tcp(service.port), route);
    const { stream, answer } = agent.open(PROXY_LINE, { kind: KIND.tcp, ended: false });
    await answer.until(() => answer.ended);
    stream.write(Buffer.from("still here"), true);
    await once(await service.connection(1), "end");
    expect(heard).toBe("still here");
  });

  test("tells the service who connects, in PROXY protocol version 2", async () => {
    const got: Buffer[] = [];
    using service = await rawService((socket) => {
      socket.on("data", (data: Buffer) => void got.push(data));
      socket.on("end", () => socket.end());
    });
    const agent = new JoinedAgent();
    agent.publish(tcp(service.port, true), route);
    const { stream, answer } = agent.open(PROXY_LINE, { kind: KIND.tcp, ended: false });
    stream.write(Buffer.from("x"), true);
    await answer.done();
    const bytes = Buffer.concat(got);
    expect(readProxyHeader(bytes)).toEqual({
      bytes: 28,
      source: { address: "203.0.113.7", port: 4711 },
      destination: { address: "192.0.2.1", port: 443 },
    });
    expect(bytes.subarray(28).toString()).toBe("x");
  });

  test("a reset from the gateway resets the service", async () => {
    using service = await rawService(() => {});
    const agent = new JoinedAgent();
    agent.publish(tcp(service.port), route);
    const { stream } = agent.open(PROXY_LINE, { kind: KIND.tcp, ended: false });
    const socket = await service.connection(1);
    const failed = once(socket, "error");
    stream.reset(new WireError("cancelled", "gone"));
    const [error] = (await failed) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
  });

  test("a reset from the service fails the stream", async () => {
    using service = await rawService((socket) =>
      socket.once("data", () => socket.resetAndDestroy()),
    );
    const agent = new JoinedAgent();
    agent.publish(tcp(service.port), route);
    const { stream, answer } = agent.open(PROXY_LINE, { kind: KIND.tcp, ended: false });
    stream.write(Buffer.from("x"), false);
    expect((await answer.done()).error?.code).toBe("upstream_failed");
  });

  test("a flood that nobody reads is held back at the service", async () => {
    using service = await rawService((socket) => socket.end(Buffer.alloc(40_000_000)));
    const agent = new JoinedAgent();
    agent.publish(tcp(service.port), route);
    const { answer } = agent.open(PROXY_LINE, { kind: KIND.tcp, ended: false });
    answer.consuming = false;
    await answer.until(() => answer.bytes >= 16_384);
    const socket = await service.connection(1);
    await agent.get("/").catch(() => {});
    expect(socket.writableLength).toBeGreaterThan(10_000_000);
    answer.catchUp();
    await answer.done();
    expect(answer.bytes).toBe(40_000_000);
  });
});

describe("what an agent refuses", () => {
  test.each([
    { name: "a key it does not publish", options: { key: "default/other x Prefix /" } },
    { name: "a backend that the route does not have", options: { backend: 3 } },
    { name: "raw bytes for an HTTP route", options: { kind: KIND.tcp } },
  ])("no_route: $name", async ({ options }) => {
    using service = await rawService(() => {});
    const agent = new JoinedAgent();
    agent.publish([{ host: "127.0.0.1", port: service.port }]);
    const { answer } = agent.open("GET / HTTP/1.1\r\nhost: app.test", options);
    expect((await answer.done()).error?.code).toBe("no_route");
    expect(service.connections).toEqual([]);
  });

  test("overloaded: more streams than it may have", async () => {
    using service = await rawService(() => {});
    const agent = new JoinedAgent({ maxStreams: 2 });
    agent.publish([{ host: "127.0.0.1", port: service.port }]);
    const first = agent.open("GET / HTTP/1.1\r\nhost: app.test");
    agent.open("GET / HTTP/1.1\r\nhost: app.test");
    expect((await agent.get()).error?.code).toBe("overloaded");
    first.stream.reset(new WireError("cancelled", ""));
    const socket = await service.connection(1);
    socket.resume();
    await once(socket, "end");
    agent.open("GET / HTTP/1.1\r\nhost: app.test");
    await service.connection(3);
  });
});
