import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { FrameCursor } from "./frame-cursor.ts";
import { startFaultProxy, type FaultProxy, type FaultProxyOptions } from "./fault-proxy.ts";

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing[Symbol.asyncDispose]();
});

/** A server that hands out its sockets, and a proxy before it. */
async function behindProxy(limits: Omit<FaultProxyOptions, "target"> = {}) {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true });
  server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const proxy = await startFaultProxy({ target: { port }, ...limits });
  opened.push({
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), "close");
    },
  });
  opened.push(proxy);
  return { server, proxy };
}

async function pairThrough(setup: Awaited<ReturnType<typeof behindProxy>>) {
  const linked = setup.proxy.connected(setup.proxy.counts.connected + 1);
  const { client, accepted } = dialThrough(setup);
  const [[target]] = (await Promise.all([accepted, linked])) as [[Socket], void];
  return { client, target };
}

function dialThrough({ server, proxy }: Awaited<ReturnType<typeof behindProxy>>) {
  const accepted = once(server, "connection");
  const client = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  client.on("error", () => {});
  opened.push({ [Symbol.asyncDispose]: async () => void client.destroy() });
  return { client, accepted };
}

/** "rst", "fin" or how else the socket learns of its end. */
async function howItEnds(socket: Socket): Promise<string> {
  socket.resume();
  const ending = new Promise<string>((resolve) => {
    socket.once("end", () => resolve("fin"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "?"));
  });
  return ending;
}

/** One echo through the connection shows that it is whole, and that nothing came before. */
async function fence(from: Socket, to: Socket, word: string): Promise<void> {
  from.write(word);
  let heard = "";
  while (heard.length < word.length) heard += String((await once(to, "data"))[0]);
  expect(heard).toBe(word);
}

describe("a line without faults", () => {
  test("passes bytes and half-closes both ways", async () => {
    const { client, target } = await pairThrough(await behindProxy());
    await fence(client, target, "up");
    client.end();
    expect(await howItEnds(target)).toBe("fin");
    await fence(target, client, "down after the end of up");
    target.end();
    expect(await howItEnds(client)).toBe("fin");
  });

  test.each([
    { name: "at its rate", up: { bytesPerSecond: 4_000_000 }, leastMs: 230, mostMs: 500 },
    {
      name: "at its rate over a long delay",
      up: { bytesPerSecond: 4_000_000, delayMs: 100 },
      leastMs: 330,
      mostMs: 600,
    },
    { name: "at once but late", up: { delayMs: 100 }, leastMs: 99, mostMs: 350 },
  ])("carries a megabyte $name", async ({ up, leastMs, mostMs }) => {
    const { client, target } = await pairThrough(await behindProxy({ up }));
    const started = performance.now();
    client.end(Buffer.alloc(1_000_000, "x"));
    let received = 0;
    for await (const bytes of target as AsyncIterable<Buffer>) received += bytes.length;
    expect(received).toBe(1_000_000);
    const tookMs = performance.now() - started;
    expect(tookMs).toBeGreaterThan(leastMs);
    expect(tookMs).toBeLessThan(mostMs);
  });

  test("stops reading a sender whose receiver does not read", async () => {
    const setup = await behindProxy({ up: { queueBytes: 10_000 } });
    const { client, target } = await pairThrough(setup);
    target.pause();
    const stopped = 60_000_000;
    let sent = 0;
    while (sent < stopped && client.writableLength < 8_000_000) {
      client.write(Buffer.alloc(1_000_000));
      sent += 1_000_000;
      await new Promise(setImmediate);
    }
    expect(client.writableLength).toBeGreaterThanOrEqual(8_000_000);
    expect(sent - client.writableLength).toBeLessThan(stopped);
  });
});

describe("faults", () => {
  test.each([
    { how: "rst", seen: "ECONNRESET" },
    { how: "fin", seen: "fin" },
  ] as const)("cut by $how is seen on both sides", async ({ how, seen }) => {
    const setup = await behindProxy();
    const { client, target } = await pairThrough(setup);
    const ends = Promise.all([howItEnds(client), howItEnds(target)]);
    expect(setup.proxy.cut(how)).toBe(1);
    expect(await ends).toEqual([seen, seen]);
    expect(setup.proxy.counts).toMatchObject({ cut: 1, live: 0, connected: 1 });
  });

  test("a black hole keeps everything until it is healed, then loses nothing", async () => {
    const setup = await behindProxy();
    const { client, target } = await pairThrough(setup);
    await fence(client, target, "before");
    setup.proxy.blackHole({ newcomers: "pass" });
    client.write("while it is dark");
    const other = await pairThrough(setup);
    await fence(other.client, other.target, "a newcomer passes");
    expect(target.read()).toBe(null);
    setup.proxy.heal();
    expect(String((await once(target, "data"))[0])).toBe("while it is dark");
  });

  test("a black hole holds newcomers too and dials for them when healed", async () => {
    const setup = await behindProxy();
    setup.proxy.blackHole();
    const { client, accepted } = dialThrough(setup);
    client.write("patience");
    await setup.proxy.until((counts) => counts.accepted === 1);
    expect(setup.proxy.counts.connected).toBe(0);
    setup.proxy.heal();
    const [target] = (await accepted) as [Socket];
    expect(String((await once(target, "data"))[0])).toBe("patience");
  });

  test.each(["client", "target"] as const)("half-open leaves the %s alone", async (survivor) => {
    const setup = await behindProxy();
    const ends = await pairThrough(setup);
    const kept = ends[survivor];
    const lost = ends[survivor === "client" ? "target" : "client"];
    const lostEnds = howItEnds(lost);
    setup.proxy.halfOpen(survivor);
    expect(await lostEnds).toBe("ECONNRESET");
    await new Promise((written) => kept.write("into the void", written));
    expect(kept.readyState).toBe("open");
    setup.proxy.heal();
    expect(await howItEnds(kept)).toBe("ECONNRESET");
  });

  test("refuses newcomers until healed, on the same port", async () => {
    const setup = await behindProxy();
    const { port } = setup.proxy;
    setup.proxy.refuse();
    const { client } = dialThrough(setup);
    expect(await howItEnds(client)).toBe("ECONNRESET");
    expect(setup.proxy.counts).toMatchObject({ refused: 1, connected: 0 });
    setup.proxy.heal();
    await pairThrough(setup);
    await setup.proxy.connected();
    expect(setup.proxy.port).toBe(port);
  });

  test("a drip slows what is already waiting, and heal speeds it up again", async () => {
    const setup = await behindProxy();
    const { client, target } = await pairThrough(setup);
    setup.proxy.drip(50);
    client.write(Buffer.alloc(100_000));
    let received = (await once(target, "data"))[0].length as number;
    expect(received).toBeLessThan(100);
    setup.proxy.heal();
    while (received < 100_000) received += (await once(target, "data"))[0].length as number;
    expect(received).toBe(100_000);
  });

  test("closing it resets what is open, also what had been cut by fin or held", async () => {
    const setup = await behindProxy();
    const { client } = await pairThrough(setup);
    const finished = howItEnds(client);
    setup.proxy.cut("fin");
    const held = await pairThrough(setup);
    setup.proxy.blackHole();
    const ends = Promise.all([finished, howItEnds(held.client)]);
    await setup.proxy[Symbol.asyncDispose]();
    await setup.proxy[Symbol.asyncDispose]();
    expect(await ends).toEqual(["fin", "ECONNRESET"]);
  });
});

async function socketThrough(): Promise<{ proxy: FaultProxy; near: WebSocket; far: WebSocket }> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await once(server, "listening");
  const proxy = await startFaultProxy({
    target: { port: (server.address() as AddressInfo).port },
  });
  const accepted = once(server, "connection");
  const near = new WebSocket(`ws://127.0.0.1:${proxy.port}`);
  const [far] = (await accepted) as [WebSocket];
  await once(near, "open");
  opened.push({ [Symbol.asyncDispose]: async () => server.close() }, proxy);
  return { proxy, near, far };
}

describe("cutting inside a frame", () => {
  test.each([
    { name: "up, in a short frame", side: "near", size: 3 },
    { name: "up, in a long frame", side: "near", size: 90_000 },
    { name: "down, in a middling frame", side: "far", size: 300 },
  ] as const)("never lets the message through: $name", async ({ side, size }) => {
    const ends = await socketThrough();
    const receiver = ends[side === "near" ? "far" : "near"];
    const heard: number[] = [];
    receiver.on("message", (message: Buffer) => heard.push(message.length));
    const closed = once(receiver, "close");
    ends[side].on("error", () => {});
    receiver.on("error", () => {});
    const cut = ends.proxy.cutMidFrame(2);
    ends[side].send(Buffer.alloc(1));
    ends[side].send(Buffer.alloc(size));
    await Promise.all([cut, closed]);
    expect(heard).toEqual([1]);
    expect(ends.proxy.counts.cut).toBe(1);
  });

  test("heal calls it off", async () => {
    const { proxy, near, far } = await socketThrough();
    const cut = proxy.cutMidFrame();
    proxy.heal();
    await cut;
    near.send("whole");
    expect(String((await once(far, "message"))[0])).toBe("whole");
  });

  test("the cursor finds frames however the bytes are split", () => {
    const masked = [0x82, 0x80 | 3, 1, 2, 3, 4, 9, 9, 9];
    const long = [0x82, 127, 0, 0, 0, 0, 0, 0, 0, 5, 7, 7, 7, 7, 7];
    const head = [...Buffer.from("GET / HTTP/1.1\r\n\r\r\n\r\n")];
    const bytes = Uint8Array.from([...head, ...masked, 0x89, 0, ...long]);
    for (let size = 1; size <= bytes.length; size++) {
      const cursor = new FrameCursor();
      let found = -1;
      for (let at = 0; at < bytes.length && found < 0; at += size) {
        const place = cursor.inside(bytes.subarray(at, at + size), 0);
        if (place >= 0) found = at + place;
      }
      expect(found).toBe(head.length + 6);
    }
    const deep = new FrameCursor();
    expect(deep.inside(bytes, 4)).toBe(bytes.length - 1);
    expect(new FrameCursor().inside(bytes, 5)).toBe(-1);
  });
});
