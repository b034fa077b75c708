import { once } from "node:events";
import { connect } from "node:net";
import { systemClock } from "@warren/host";
import { virtualClock } from "@warren/host/testing";
import { expect, test, vi } from "vitest";
import { createTarget } from "../src/target.ts";
import { JoinedAgent } from "../src/testing/index.ts";
import { Dialer } from "../src/upstream/dialer.ts";
import { Pool } from "../src/upstream/pool.ts";
import { ServiceSocket, type SocketOwner } from "../src/upstream/service-socket.ts";
import { deafService, httpService, rawService } from "./_services.ts";

const local = (port: number) => [{ host: "127.0.0.1", port }];

test("idle connections are closed after their time, by a sweep", async () => {
  using service = await httpService((_req, res) => res.end("x"));
  const clock = virtualClock();
  const agent = new JoinedAgent({ idleMs: 90_000 }, clock);
  agent.publish(local(service.port));
  await agent.get();
  clock.advance(60_000);
  expect(agent.streams.connections().idle).toBe(1);
  clock.advance(40_000);
  await once(service.connections[0]!, "close");
  await agent.get();
  expect(service.connections.length).toBe(2);
});

test("no more connections are kept than the limit", async () => {
  const held: (() => void)[] = [];
  using service = await httpService((_req, res) => {
    held.push(() => res.end("x"));
    if (held.length === 5) for (const answer of held.splice(0)) answer();
  });
  const agent = new JoinedAgent({ maxIdle: 2 });
  agent.publish(local(service.port));
  await Promise.all(Array.from({ length: 5 }, () => agent.get()));
  expect(agent.streams.connections()).toEqual({ idle: 2, active: 0 });
});

test("a connection that speaks while idle is discarded", async () => {
  using service = await rawService((socket) => {
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx"));
  });
  const agent = new JoinedAgent();
  agent.publish(local(service.port));
  await agent.get();
  service.connections[0]!.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
  service.connections[0]!.resume();
  await once(service.connections[0]!, "end");
  expect((await agent.get()).text).toBe("x");
  expect(service.connections.length).toBe(2);
});

test("a request takes the connection that another gives back while it waits to dial", async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<() => void>();
  using service = await httpService((req, res) => {
    if (req.url === "/first") ask(() => void res.end("first"));
    else res.end("second");
  });
  const agent = new JoinedAgent({ maxDials: 1 });
  agent.publish(local(service.port));
  const first = agent.get("/first");
  (await asked)();
  await first;
  const [a, b] = await Promise.all([agent.get("/a"), agent.get("/b")]);
  expect([a.text, b.text]).toEqual(["second", "second"]);
  expect(service.connections.length).toBeLessThanOrEqual(2);
});

test("a connect that takes too long is upstream_timeout", async () => {
  await using service = await deafService();
  const clock = virtualClock();
  const agent = new JoinedAgent({}, clock);
  agent.publish([{ host: "127.0.0.1", port: service.port, connectTimeoutMs: 10_000 }]);
  const { answer } = agent.open("GET / HTTP/1.1\r\nhost: app.test");
  while (agent.streams.running === 0) await new Promise(setImmediate);
  // A connect that is asked for later succeeds: so would the other one have, if it could.
  using other = await rawService(() => {});
  const later = connect({ port: other.port, host: "127.0.0.1" });
  await once(later, "connect");
  later.destroy();
  clock.advance(9_999);
  expect(answer.error).toBeUndefined();
  clock.advance(1);
  await answer.done();
  expect(answer.error?.code).toBe("upstream_timeout");
});

test("a connection that is being closed is not lent, although its end comes later", async () => {
  using service = await rawService(() => {});
  const settings = { maxIdle: 2, idleMs: 90_000 };
  const events = { connected() {}, connectFailed() {}, retried() {}, broke() {} };
  const deps = { dialer: new Dialer(2), clock: systemClock, settings, events };
  const pool = new Pool(createTarget({ host: "127.0.0.1", port: service.port }), deps);
  const socket = await new Promise<ServiceSocket>((resolve, reject) => {
    pool.wait({ freshOnly: false, onSocket: resolve, onNoSocket: reject });
  });
  pool.release(socket, Infinity);
  expect(pool.idle).toBe(1);
  // As when the service says something out of turn.
  pool.onBytes(socket);
  expect(socket.closed).toBe(false);
  expect(pool.takeIdle()).toBeUndefined();
});

test("what a service says and somebody here cannot take costs its connection alone", async () => {
  using service = await rawService((socket) => socket.write("unheard of"));
  const bug = new TypeError("a bug");
  const closed = Promise.withResolvers<Error | undefined>();
  const owner: SocketOwner = {
    onConnected() {},
    onBytes() {
      throw bug;
    },
    onTaken() {},
    onFin() {},
    onClosed: (_socket, error) => closed.resolve(error),
  };
  const broke = vi.fn<(reason: unknown) => void>();
  const target = createTarget({ host: "127.0.0.1", port: service.port });
  ServiceSocket.dial(target, owner, { broke });
  expect(await closed.promise).toBe(bug);
  expect(broke).toHaveBeenCalledExactlyOnceWith(bug);
});
