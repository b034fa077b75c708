import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { systemClock } from "@warren/host";
import { Waiting } from "@warren/host/testing";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ChatboxConnection } from "../src/connections/chatbox-connection.ts";
import { Writes } from "../src/connections/writes.ts";
import type { ConnectionDeps } from "../src/connections/connection-deps.ts";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { device, entriesOf, entry, resume, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const token = tokenOf("alice");
/** A message of some forty kilobytes. */
const LARGE = Object.fromEntries(
  Array.from({ length: 32 }, (_, at) => [`m${at}`, "x".repeat(1_000)]),
);

test("a client that does not read is cut off at the bound, harms nobody, and resumes without loss", async () => {
  await using model = await scriptedModel();
  await using running = await runningChat({
    providers: [model.provider],
    rates: UNLIMITED,
    connections: { most: 100, mostOfUser: 10, mostWaitingBytes: 262_144 },
  });
  const { port } = running.chat;
  using writer = await device(port, token, "writer");
  const { session_id } = await say(writer, "begins");
  using good = await device(port, token, "good");
  await resume(good, session_id);
  using slow = await device(port, token, "slow");
  await resume(slow, session_id);
  slow.socket.pause();
  const isCut = () => running.log.lines.some(({ msg }) => msg.startsWith("a client did not read"));
  let sent = 0;
  while (!isCut()) {
    const client_message_id = `large-${++sent}`;
    writer.send({
      type: "user_message",
      session_id,
      content: "x",
      client_message_id,
      metadata: LARGE,
    });
    await entry(good, (one) => one.client_message_id === client_message_id);
  }
  // Loopback takes some megabytes by itself.
  expect(sent).toBeLessThan(2_000);
  slow.socket.resume();
  expect(await slow.closed).toMatchObject({ code: 4008 });
  const last = await say(writer, "the last", { session_id });
  const had = entriesOf(slow, session_id);
  expect(had.map(({ number }) => number)).toEqual(had.map((_, at) => at + 1));

  using back = await device(port, token, "slow");
  let state = await resume(back, session_id, { [last.origin]: had.length });
  // What it lacks is more than one frame may hold: it comes in pages.
  for (let { older } = state; older !== undefined && (older[last.origin] ?? 0) > had.length;) {
    const from = back.heard.length;
    back.send({ type: "history", session_id, before: older, limit: 300 });
    ({ older } = await back.next("messages", () => true, from));
  }
  const all = new Set([...had, ...entriesOf(back, session_id)].map(({ number }) => number));
  expect([...all].toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: last.number }, (_, at) => at + 1),
  );
});

/** A connection whose every frame takes a turn of the event loop, one after the other. */
async function slowService() {
  const opened = new AsyncDisposableStack();
  const waiting = { now: 0, most: 0 };
  const changes = new Waiting();
  let turn: Promise<unknown> = Promise.resolve();
  const deps = {
    talk: { find: async () => ({ key: { userId: "alice", sessionId: "s" }, exists: false }) },
    limits: {
      take() {
        turn = turn.then(() => new Promise((resolve) => setImmediate(resolve)));
        return turn.then(() => 0);
      },
    },
    models: [],
    clock: systemClock,
    wallClock: Date.now,
    newId: () => "id",
    mostWaitingBytes: 8_388_608,
    writes: new Writes((frames) => {
      waiting.now -= frames;
      changes.look();
    }),
    closeMs: 1_000,
    arrive: () => () => {},
    closed: () => {},
    events: {
      received() {
        waiting.now += 1;
        waiting.most = Math.max(waiting.most, waiting.now);
      },
      refused: () => {},
      slowConsumer: () => {},
    },
  } as unknown as ConnectionDeps;
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  opened.defer(() => server.close());
  const identity = {
    userId: "alice",
    name: "alice",
    isAdmin: false,
    expiresAtMs: Date.now() + 3_600_000,
  };
  server.on("connection", (socket) => void new ChatboxConnection(socket, identity, deps));
  await once(server, "listening");
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  opened.defer(() => socket.terminate());
  await once(socket, "open");
  return { socket, waiting, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test.each([
  { name: "frames that wait their turn", frame: { type: "hello", protocol: 1 }, answer: "hello" },
  { name: "frames that pass by", frame: { type: "ping" }, answer: "pong" },
])("a client that floods $name is read no faster than it is served", async ({ frame, answer }) => {
  await using service = await slowService();
  const { socket, waiting } = service;
  const COUNT = 10_000;
  const text = JSON.stringify({ ...frame, padding: "x".repeat(2_000) });
  let answered = 0;
  const all = new Promise<void>((resolve) => {
    socket.on("message", (data: Buffer) => {
      expect((JSON.parse(data.toString()) as { type: string }).type).toBe(answer);
      answered += 1;
      if (answered === COUNT) resolve();
    });
  });
  for (let at = 0; at < COUNT; at++) socket.send(text);
  await all;
  // Some dozens, and what one read of the socket brings.
  expect(waiting.most).toBeLessThan(300);
});

test(
  "two thousand sockets that come back at once are resumed with no loss",
  { timeout: 120_000 },
  async () => {
    const USERS = 40;
    const DEVICES = 50;
    await using model = await scriptedModel();
    await using running = await runningChat({
      providers: [model.provider],
      rates: UNLIMITED,
      connections: { most: 4_000, mostOfUser: DEVICES + 1, mostWaitingBytes: 1_048_576 },
    });
    const { port } = running.chat;
    const users = await Promise.all(
      Array.from({ length: USERS }, async (_, at) => {
        const own = tokenOf(`crowd-${at}`);
        const writer = await device(port, own, "writer");
        const { session_id, number, origin } = await say(writer, "begins");
        return { own, writer, session_id, had: { [origin]: number } };
      }),
    );
    const all = users.flatMap((user) => Array.from({ length: DEVICES }, () => user));
    const crowd = () => Promise.all(all.map(({ own }) => Client.open(port, own)));
    const before = await crowd();
    await Promise.all(before.map((client, at) => resume(client, all[at]!.session_id)));
    for (const client of before) client.socket.terminate();
    await Promise.all(before.map(({ closed }) => closed));
    const missed = await Promise.all(
      users.map(async ({ writer, session_id }) => {
        for (const text of ["one", "two", "three"]) await say(writer, text, { session_id });
      }),
    );
    expect(missed).toHaveLength(USERS);

    const since = performance.now();
    const back = await crowd();
    const states = await Promise.all(
      back.map((client, at) => resume(client, all[at]!.session_id, all[at]!.had)),
    );
    expect(performance.now() - since).toBeLessThan(30_000);
    for (const { mode, entries } of states) {
      const texts = entries.flatMap((one) => (one.kind === "message" ? [one.content] : []));
      expect([mode, ...texts]).toEqual(["delta", "one", "two", "three"]);
    }
    for (const client of [...back, ...users.map(({ writer }) => writer)]) client.socket.terminate();
  },
);
