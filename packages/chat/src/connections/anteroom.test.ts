import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { ChatError } from "@warren/wire";
import { virtualClock } from "@warren/host/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Anteroom, type Visit } from "./anteroom.ts";

const AUTH = {
  type: "auth",
  payload: {
    user_id: "alice",
    auth_token: "t",
    device_id: "d",
    platform: "web",
    app_version: "1",
  },
};

let opened: AsyncDisposableStack;
let server: WebSocketServer;
let clock: ReturnType<typeof virtualClock>;
let refused: string[];
let room: Anteroom;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  clock = virtualClock();
  refused = [];
  room = new Anteroom({
    clock,
    waitMs: 10_000,
    most: 3,
    mostOfAddress: 2,
    closeMs: 5_000,
    refused: ({ code }) => refused.push(code),
  });
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  opened.defer(() => server.close());
  await once(server, "listening");
});
afterEach(() => opened.disposeAsync());

async function expired(): Promise<never> {
  throw new ChatError("EXPIRED_TOKEN", "the token is over");
}

/** A socket that waits in the room, with both of its ends. */
async function waiter(visit: Partial<Visit<string>> = {}, address = "a") {
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  opened.defer(() => client.terminate());
  const heard: { type: string; code: string }[] = [];
  client.on("message", (data: Buffer) => heard.push(JSON.parse(data.toString())));
  const closed = once(client, "close").then(([code]) => code as number);
  const [socket] = (await once(server, "connection")) as [WebSocket];
  const whole = { identify: async () => "alice", enter: () => {}, ...visit };
  room.wait(socket, address, whole);
  if (client.readyState !== client.OPEN) await once(client, "open");
  return { client, socket, heard, closed };
}

test("a socket that says nothing in ten seconds is told why and closed", async () => {
  const { heard, closed } = await waiter();
  clock.advance(9_999);
  expect(refused).toEqual([]);
  clock.advance(1);
  expect(await closed).toBe(4401);
  expect(heard).toMatchObject([{ type: "auth_error", code: "UNAUTHORIZED" }]);
});

test("who is let in has no deadline any more, and loses nothing that it said with its token", async () => {
  const entered = Promise.withResolvers<readonly string[]>();
  const { client } = await waiter({ enter: (_identity, _auth, early) => entered.resolve(early) });
  client.send(JSON.stringify(AUTH));
  client.send("first");
  client.send("second");
  const early = await entered.promise;
  const [socket] = server.clients;
  const later: string[] = [];
  const hear = new Promise<void>((resolve) => {
    if (early.length === 2) return resolve();
    socket!.on("message", (data: Buffer) => {
      later.push(data.toString());
      if (early.length + later.length === 2) resolve();
    });
  });
  await hear;
  expect([...early, ...later]).toEqual(["first", "second"]);
  expect([room.size, clock.pending]).toEqual([0, 0]);
});

test.each([
  { name: "no JSON", text: "{", code: "INVALID_FORMAT", close: 4400 },
  { name: "another frame", text: `{"type":"heartbeat"}`, code: "UNAUTHORIZED", close: 4401 },
  {
    name: "an auth frame without a token",
    text: JSON.stringify({ type: "auth", payload: { user_id: "alice" } }),
    code: "MISSING_FIELD",
    close: 4400,
  },
  {
    name: "an auth frame with null in it",
    text: `{"type":"auth","payload":null}`,
    code: "INVALID_FORMAT",
    close: 4400,
  },
])("a socket that begins with $name is told so and closed", async ({ text, code, close }) => {
  const { client, heard, closed } = await waiter();
  client.send(text);
  expect(await closed).toBe(close);
  expect(heard).toMatchObject([{ type: "auth_error", code }]);
});

test("what a token is refused for is told with its own close code", async () => {
  const { client, heard, closed } = await waiter({ identify: expired });
  client.send(JSON.stringify(AUTH));
  expect(await closed).toBe(4412);
  expect(heard).toEqual([
    { type: "auth_error", error: "the token is over", code: "EXPIRED_TOKEN" },
  ]);
});

test("so many wait and no more, of one address and in all; who leaves makes room", async () => {
  const first = await waiter({}, "a");
  room.check("a");
  await waiter({}, "a");
  expect(() => room.check("a")).toThrow(ChatError);
  room.check("b");
  await waiter({}, "b");
  expect(() => room.check("c")).toThrow("too many sockets wait");
  first.client.terminate();
  await once(first.socket, "close");
  room.check("a");
  room.check("c");
});

test("a client that never answers the close is cut off, and keeps no place", async () => {
  const { client, socket } = await waiter();
  client.pause();
  clock.advance(10_000);
  expect(room.size).toBe(1);
  const gone = once(socket, "close");
  clock.advance(5_000);
  await gone;
  expect(room.size).toBe(0);
});

test("who left while its token was looked at is not let in", async () => {
  const looked = Promise.withResolvers<string>();
  const asked = Promise.withResolvers<void>();
  const entered: string[] = [];
  const { client, socket } = await waiter({
    identify: () => {
      asked.resolve();
      return looked.promise;
    },
    enter: (identity) => void entered.push(identity),
  });
  client.send(JSON.stringify(AUTH));
  await asked.promise;
  socket.terminate();
  await once(socket, "close");
  looked.resolve("alice");
  await looked.promise;
  await Promise.resolve();
  expect([entered, room.size]).toEqual([[], 0]);
});
