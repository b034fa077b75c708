import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ChatboxConnection } from "../src/connections/chatbox-connection.ts";
import type { ConnectionDeps } from "../src/connections/connection-deps.ts";
import { Writes } from "../src/connections/writes.ts";

/** A client, and the connection that it has here, under a clock that the test moves. */
async function connected(autoPong: boolean) {
  const opened = new AsyncDisposableStack();
  const clock = virtualClock();
  const gone = Promise.withResolvers<void>();
  const deps = {
    clock,
    wallClock: () => clock.now(),
    newId: () => "id",
    models: [],
    limits: { take: async () => 0 },
    writes: new Writes(() => {}),
    arrive: () => () => {},
    mostWaitingBytes: 1_048_576,
    closeMs: 1_000,
    closed: () => gone.resolve(),
    events: { received: () => {}, refused: () => {}, slowConsumer: () => {} },
  } as unknown as ConnectionDeps;
  const identity = { userId: "alice", name: "alice", isAdmin: false, expiresAtMs: 3_600_000 };
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  opened.defer(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, "connection") as Promise<[WebSocket]>;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong });
  opened.defer(() => client.terminate());
  const [socket] = await accepted;
  const connection = new ChatboxConnection(socket, identity, deps);
  if (client.readyState !== client.OPEN) await once(client, "open");
  return { clock, client, socket, connection, gone: gone.promise, opened };
}

test("a client that says nothing is asked whether it is there, and stays if it answers", async () => {
  const { clock, client, socket, connection, opened } = await connected(true);
  await using _closed = opened;
  for (let minute = 0; minute < 5; minute++) {
    const [asked, answered] = [once(client, "ping"), once(socket, "pong")];
    clock.advance(48_000);
    connection.look();
    await asked;
    await answered;
    clock.advance(12_000);
    connection.look();
  }
  expect(client.readyState).toBe(client.OPEN);
});

test("a client that does not answer is cut off, and its place is free", async () => {
  const { clock, client, connection, gone, opened } = await connected(false);
  await using _closed = opened;
  const asked = once(client, "ping");
  clock.advance(48_000);
  connection.look();
  await asked;
  clock.advance(12_000);
  connection.look();
  await gone;
});

test("who speaks is not asked", async () => {
  const { clock, client, socket, connection, opened } = await connected(false);
  await using _closed = opened;
  const asked: unknown[] = [];
  client.on("ping", (data) => asked.push(data));
  clock.advance(47_000);
  const heard = once(socket, "message");
  client.send(JSON.stringify({ type: "ping" }));
  await heard;
  clock.advance(20_000);
  connection.look();
  const [pong] = (await once(client, "message")) as [Buffer];
  expect([JSON.parse(pong.toString()), asked]).toMatchObject([{ type: "pong" }, []]);
});

test("a client that we do not read, since it floods us, is not taken for gone", async () => {
  const { clock, client, socket, connection, opened } = await connected(true);
  await using _closed = opened;
  for (let look = 0; look < 3; look++) {
    socket.pause();
    clock.advance(60_000);
    connection.look();
  }
  socket.resume();
  const heard = once(socket, "message");
  client.send(JSON.stringify({ type: "ping" }));
  await heard;
  expect(socket.readyState).toBe(socket.OPEN);
});
