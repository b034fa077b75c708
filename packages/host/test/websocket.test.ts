import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { acceptWebSocket, WEBSOCKET_LIMITS } from "../src/index.ts";
import { testCertificates } from "../src/testing/index.ts";
import { acceptingServer, dial, Ear, opened, type AcceptingServer } from "./_kit.ts";

async function pair(server: AcceptingServer, ca?: string) {
  const ear = new Ear();
  const scheme = ca === undefined ? "ws" : "wss";
  const near = opened(await dial(`${scheme}://127.0.0.1:${server.port}/t`, ear, { ca }));
  const far = await server.accepted();
  return { near, ear, far };
}

/** A binary message of a client, masked with zeros. */
function frame(text: string): Buffer {
  return Buffer.concat([Buffer.of(0x82, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)]);
}

describe("a WebSocket", () => {
  test.each([
    { name: "ws", tls: undefined },
    { name: "wss", tls: testCertificates() },
  ])("carries binary and text both ways over $name, whole and in order", async ({ tls }) => {
    await using server = await acceptingServer(tls?.server);
    const { near, ear, far } = await pair(server, tls?.ca);
    const big = Buffer.alloc(300_000, 7);
    near.send(Uint8Array.of(1, 2, 3));
    near.sendText("grüße");
    near.send(big);
    expect(await far.ear.next()).toEqual({ binary: Buffer.of(1, 2, 3) });
    expect(await far.ear.next()).toEqual({ text: "grüße" });
    expect(await far.ear.next()).toEqual({ binary: big });
    far.transport.send(Buffer.alloc(0));
    far.transport.sendText("");
    expect(await ear.next()).toEqual({ binary: Buffer.alloc(0) });
    expect(await ear.next()).toEqual({ text: "" });
  });

  test("a message in the same packet as the handshake's answer waits for the dialler", async () => {
    const server = createHttp();
    server.on("upgrade", (request, socket: Socket, head) => {
      socket.cork();
      const options = { subprotocol: "t.v1", limits: WEBSOCKET_LIMITS };
      const upgrade = { request: request as never, socket, head };
      acceptWebSocket(options, upgrade, new Ear())?.sendText("first");
      socket.uncork();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const order: string[] = [];
    const ear = new Ear();
    const { port } = server.address() as AddressInfo;
    const near = opened(
      await dial(`ws://127.0.0.1:${port}/t`, {
        onBinary: ear.onBinary,
        onClose: ear.onClose,
        onText(text) {
          order.push(text);
          ear.onText(text);
        },
      }),
    );
    order.push("dialled");
    await ear.next();
    expect(order).toEqual(["dialled", "first"]);
    near.terminate();
    server.close();
  });

  test("what a client says with its handshake comes before what it says later", async () => {
    await using server = await acceptingServer();
    const socket = connect(server.port, "127.0.0.1");
    const words = ["GET / HTTP/1.1", "host: a", "connection: upgrade", "upgrade: websocket"];
    words.push("sec-websocket-version: 13", "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==");
    words.push("sec-websocket-protocol: t.v1", "", "");
    // Cut in two by the end of the packet.
    const second = frame("second");
    socket.write(
      Buffer.concat([Buffer.from(words.join("\r\n")), frame("first"), second.subarray(0, 7)]),
    );
    const { ear } = await server.accepted();
    socket.write(Buffer.concat([second.subarray(7), frame("third")]));
    for (const said of ["first", "second", "third"])
      expect(await ear.next()).toEqual({ binary: Buffer.from(said) });
    socket.destroy();
  });

  test("a batch leaves in one piece", async () => {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    const connected = once(server, "connection") as Promise<[WebSocket, IncomingMessage]>;
    const { port } = server.address() as AddressInfo;
    const near = opened(await dial(`ws://127.0.0.1:${port}/t`, new Ear()));
    const [far, { socket }] = await connected;
    let pieces = 0;
    socket.on("data", () => pieces++);
    let messages = 0;
    const all = new Promise<void>((resolve) => {
      far.on("message", () => ++messages === 50 && resolve());
    });
    near.batch(() => {
      for (let i = 0; i < 50; i++) near.send(Buffer.alloc(100, i));
    });
    await all;
    expect(pieces).toBe(1);
    near.terminate();
    server.close();
  });

  test("a batch that throws still sends what it wrote", async () => {
    await using server = await acceptingServer();
    const { near, far } = await pair(server);
    const broken = () =>
      near.batch(() => {
        near.sendText("written");
        throw new Error("bug");
      });
    expect(broken).toThrow("bug");
    expect(await far.ear.next()).toEqual({ text: "written" });
  });

  test("compression is not negotiated, also when the client offers it", async () => {
    await using server = await acceptingServer();
    const client = new WebSocket(`ws://127.0.0.1:${server.port}/`, ["other", "t.v1"]);
    await once(client, "open");
    expect([client.extensions, client.protocol]).toEqual(["", "t.v1"]);
    client.terminate();
  });

  test("pings are answered", async () => {
    await using server = await acceptingServer();
    const client = new WebSocket(`ws://127.0.0.1:${server.port}/`, "t.v1");
    await once(client, "open");
    client.ping("are you there");
    expect(String((await once(client, "pong"))[0])).toBe("are you there");
    client.terminate();
  });
});

describe("closing", () => {
  test.each(["near", "far"] as const)(
    "code and reason arrive when the %s side closes",
    async (by) => {
      await using server = await acceptingServer();
      const { near, ear, far } = await pair(server);
      const [closer, other] = by === "near" ? [near, far.ear] : [far.transport, ear];
      closer.close(4410, "unknown tunnel");
      closer.close(1000, "again");
      expect(await other.next()).toEqual({ close: [4410, "unknown tunnel"] });
      const own = by === "near" ? ear : far.ear;
      expect(await own.next()).toEqual({ close: [4410, "unknown tunnel"] });
    },
  );

  test("a reason too long for a close frame is cut at a character", async () => {
    await using server = await acceptingServer();
    const { near, far } = await pair(server);
    near.close(1012, "ü".repeat(100));
    expect(await far.ear.next()).toEqual({ close: [1012, "ü".repeat(61)] });
  });

  test("terminate is heard as 1006 on both sides", async () => {
    await using server = await acceptingServer();
    const { near, ear, far } = await pair(server);
    near.terminate();
    expect(await ear.next()).toMatchObject({ close: [1006, expect.any(String)] });
    expect(await far.ear.next()).toMatchObject({ close: [1006, expect.any(String)] });
  });

  test("a peer that does not answer the closing handshake is cut after the time-out", async () => {
    await using server = await acceptingServer();
    const ear = new Ear();
    const limits = { ...WEBSOCKET_LIMITS, closeTimeoutMs: 30 };
    const near = opened(await dial(`ws://127.0.0.1:${server.port}/`, ear, { limits }));
    const far = await server.accepted();
    far.socket.pause();
    near.close(1000, "bye");
    expect(await ear.next()).toMatchObject({ close: [1006, expect.any(String)] });
  });

  test("after its own close a side hears nothing but the end", async () => {
    await using server = await acceptingServer();
    const { near, ear, far } = await pair(server);
    far.transport.sendText("still on its way");
    near.close(1000, "enough");
    expect(await ear.next()).toEqual({ close: [1000, "enough"] });
  });

  test("a message cut short was never received", async () => {
    await using server = await acceptingServer();
    const { ear, far } = await pair(server);
    far.transport.sendText("whole");
    // FIN, binary, 1000 bytes announced, 10 sent (RFC 6455 §5.2).
    far.socket.write(Buffer.concat([Buffer.of(0x82, 126, 0x03, 0xe8), Buffer.alloc(10)]));
    far.socket.end();
    expect(await ear.next()).toEqual({ text: "whole" });
    expect(await ear.next()).toMatchObject({ close: [1006, expect.any(String)] });
  });
});

describe("limits", () => {
  const small = { ...WEBSOCKET_LIMITS, maxMessageBytes: 1000, maxTextBytes: 100 };

  test.each([
    { name: "a binary message at the limit passes", send: Buffer.alloc(1000), passes: true },
    { name: "one above it closes the connection", send: Buffer.alloc(1001), passes: false },
    { name: "a text message at its own limit passes", send: "x".repeat(100), passes: true },
    { name: "one above it closes the connection too", send: "x".repeat(101), passes: false },
  ])("$name", async ({ send, passes }) => {
    await using server = await acceptingServer(undefined, small);
    const { near, ear, far } = await pair(server);
    if (typeof send === "string") near.sendText(send);
    else near.send(send);
    if (passes) {
      expect(await far.ear.next()).toEqual(
        typeof send === "string" ? { text: send } : { binary: send },
      );
    } else {
      expect(await ear.next()).toMatchObject({ close: [1009, expect.any(String)] });
      const [, reason] = ((await far.ear.next()) as { close: [number, string] }).close;
      expect(reason).toMatch(/size exceeded|text message of 101 bytes/);
    }
  });
});

describe("acceptWebSocket refuses", () => {
  const upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";
  const key = "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
  test.each([
    { name: "a request without the subprotocol", head: `${upgrade}${key}` },
    {
      name: "one with another subprotocol",
      head: `${upgrade}${key}sec-websocket-protocol: t.v10, x\r\n`,
    },
    { name: "one without a key", head: `${upgrade}sec-websocket-protocol: t.v1\r\n` },
  ])("$name with 400", async ({ head }) => {
    await using server = await acceptingServer();
    const socket = connect(server.port, "127.0.0.1");
    socket.end(`GET / HTTP/1.1\r\nhost: a\r\n${head}\r\n`);
    let answer = "";
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

test("a server that cuts within a handshake is a failed dial", async () => {
  const server = createServer((socket) => socket.once("data", () => socket.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const dialled = await dial(`ws://127.0.0.1:${port}/`, new Ear());
  expect(dialled).toMatchObject({ kind: "failed", error: { phase: "handshake" } });
  server.close();
});

test("a text message that the kernel does not take in time ends the connection, and says so", async () => {
  await using server = await acceptingServer(undefined, { ...WEBSOCKET_LIMITS, textTimeoutMs: 50 });
  const client = new WebSocket(`ws://127.0.0.1:${server.port}/t`, ["t.v1"]);
  await once(client, "open");
  const { transport, ear } = await server.accepted();
  client.pause();
  // More than both kernels' buffers hold, so that the text waits behind it.
  for (let i = 0; i < 64; i++) transport.send(Buffer.alloc(1_000_000));
  transport.sendText("urgent");
  expect(await ear.next()).toEqual({ close: [1006, expect.stringContaining("not taken within")] });
  client.terminate();
});

test("a peer that asks and never reads is cut off before its answers pile up", async () => {
  await using server = await acceptingServer(undefined, { ...WEBSOCKET_LIMITS, mostWaiting: 100 });
  const { near, far } = await pair(server);
  far.socket.cork(); // the kernel takes nothing
  for (let i = 0; i < 101; i++) far.transport.sendText("answer");
  expect(await far.ear.next()).toEqual({ close: [1006, "more is asked than read"] });
  near.terminate();
});
