import { once } from "node:events";
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { CLAIM_NAMES } from "../src/auth/claims.ts";
import { mintToken } from "../src/auth/mint-token.ts";
import { authOf, Messenger } from "./_messaging.ts";
import { runningChat, SECRETS, tokenOf } from "./_running-chat.ts";
import { UNLIMITED } from "./_talk-kit.ts";

const PAGE = "https://app.example.com";
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const opened = new AsyncDisposableStack();
let running: Awaited<ReturnType<typeof runningChat>>;
let port: number;

beforeAll(async () => {
  running = opened.use(
    await runningChat({
      rates: UNLIMITED,
      isDevelopment: false,
      origins: { sockets: [PAGE], cors: [] },
      connections: { most: 1_000, mostOfUser: 2, mostWaitingBytes: 1_048_576 },
    }),
  );
  ({ port } = running.chat);
});
afterAll(() => opened.disposeAsync());

const expired = () => mintedAt(Date.now() - 7_200_000, SECRETS.token);
const forged = () => mintedAt(Date.now(), "f".repeat(64));

function mintedAt(nowMs: number, secret: string): string {
  return mintToken({
    secret,
    algorithm: "HS256",
    userId: "alice",
    roles: [],
    name: undefined,
    lifeMs: 3_600_000,
    nowMs,
    names: CLAIM_NAMES,
    issuer: undefined,
    audience: undefined,
  });
}

type Outcome = { status: number } | { close: number; reason: string; said: string };

/** How a socket ends that is not let in: with a status, or, once open, with a close code. */
function outcome(path: string, headers: Record<string, string>): Promise<Outcome> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
  let said = "";
  socket.on("message", (data: Buffer) => (said = data.toString()));
  return new Promise((resolve, reject) => {
    socket.on("unexpected-response", (_request, response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    });
    socket.on("close", (close, reason) => resolve({ close, reason: String(reason), said }));
    socket.on("error", reject);
  });
}

const page = { origin: PAGE, "user-agent": BROWSER };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test.each([
  { name: "without a token", path: "/chat/ws", headers: () => ({}), status: 401 },
  {
    name: "of no browser, though with an origin, without a token",
    path: "/chat/ws",
    headers: () => ({ origin: PAGE }),
    status: 401,
  },
  { name: "under the old prefix", path: "/chatbox/ws", headers: () => ({}), status: 401 },
  {
    name: "of a page that is not listed",
    path: "/chat/ws",
    headers: () => ({ ...page, ...bearer(tokenOf("alice")), origin: "https://evil.example" }),
    status: 403,
  },
  {
    name: "of a page that is not listed, where a token may come later",
    path: "/ws",
    headers: () => ({ ...page, origin: "https://evil.example" }),
    status: 403,
  },
  {
    name: "with a token that is over",
    path: "/chat/ws",
    headers: () => bearer(expired()),
    status: 401,
  },
  { name: "with a forged token", path: "/ws", headers: () => bearer(forged()), status: 401 },
  {
    name: "with an origin that no browser says, and a token that is over",
    path: "/chat/ws",
    headers: () => ({ origin: PAGE, ...bearer(expired()) }),
    status: 401,
  },
  { name: "where there are none", path: "/chat/nothing", headers: () => page, status: 404 },
])("a socket $name is refused by its status", async ({ path, headers, status }) => {
  expect(await outcome(path, headers())).toEqual({ status });
});

test.each([
  {
    name: "a token that is over",
    query: () => `?token=${expired()}`,
    close: 4412,
    reason: "EXPIRED_TOKEN",
  },
  {
    name: "a forged token",
    query: () => `?token=${forged()}`,
    close: 4401,
    reason: "INVALID_TOKEN",
  },
  { name: "an empty token", query: () => "?token=", close: 4401, reason: "UNAUTHORIZED" },
  { name: "no token", query: () => "", close: 4401, reason: "UNAUTHORIZED" },
])("a page with $name is told so by the close code", async (one) => {
  const ended = await outcome(`/chat/ws${one.query()}`, page);
  expect(ended).toMatchObject({ close: one.close, reason: one.reason });
  const said = JSON.parse((ended as { said: string }).said) as object;
  expect(said).toMatchObject({ type: "error", error: { code: one.reason, recoverable: false } });
});

test("a page's socket that is one too many is told to come back, and when", async () => {
  const headers = { ...page, ...bearer(tokenOf("crowd")) };
  const sockets = [1, 2].map(() => new WebSocket(`ws://127.0.0.1:${port}/chat/ws`, { headers }));
  await Promise.all(sockets.map((socket) => once(socket, "open")));
  const third = await outcome("/chat/ws", headers);
  expect(third).toMatchObject({ close: 4029, reason: "CONNECTION_LIMIT_EXCEEDED" });
  expect((third as { said: string }).said).toContain(`"retry_after":5000`);
  expect(await outcome("/chat/ws", bearer(tokenOf("crowd")))).toEqual({ status: 429 });
  for (const socket of sockets) socket.terminate();
});

test.each([
  { name: "a token", path: "/chat/ws", headers: {}, status: 401 },
  { name: "a token, under the old prefix", path: "/chatbox/ws", headers: {}, status: 401 },
  {
    name: "a handshake",
    path: "/chat/ws",
    headers: bearer(tokenOf("alice")),
    status: 400,
  },
  { name: "a handshake, where a token may come later", path: "/ws", headers: {}, status: 400 },
])("a plain request for a socket without $name gets $status", async ({ path, headers, status }) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  expect(response.status).toBe(status);
  expect(await response.json()).toHaveProperty("code");
});

test("sockets that have not said who they are are bounded for each address; the others are refused with when to come back", async () => {
  const waiting = await Promise.all(Array.from({ length: 100 }, () => Messenger.connect(port)));
  const refused = new Promise<{ status: number; after: string | undefined }>((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    socket.on("error", () => {});
    socket.on("unexpected-response", (_request, { statusCode = 0, headers }) => {
      resolve({ status: statusCode, after: headers["retry-after"] });
      socket.terminate();
    });
  });
  expect(await refused).toEqual({ status: 429, after: "10" });
  // Whoever has a token is let in all the same.
  const known = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: bearer(tokenOf("alice")) });
  await once(known, "message");
  known.terminate();
  waiting[0]!.send(authOf("first"));
  await waiting[0]!.next("auth_success");
  using next = await Messenger.connect(port);
  next.send(authOf("next"));
  await next.next("auth_success");
  for (const client of waiting) client[Symbol.dispose]();
});

test("a frame that nobody needs to be this large closes the socket, before and after its token", async () => {
  const large = JSON.stringify({ type: "heartbeat", padding: "x".repeat(65_536) });
  using stranger = await Messenger.connect(port);
  stranger.send(large);
  expect(await stranger.closed).toMatchObject({ code: 1009 });
  using known = await Messenger.open(port, "large");
  known.send(large);
  expect(await known.closed).toMatchObject({ code: 1009 });
});

test.each([
  { name: "another user's token", more: { auth_token: tokenOf("bob") }, code: 4401 },
  { name: "a token that is over", more: { auth_token: expired() }, code: 4412 },
  { name: "something else than a token", more: { auth_token: "letmein" }, code: 4401 },
  { name: "no device", more: { device_id: "" }, code: 4400 },
])("an auth frame with $name is refused, and the token is not repeated", async ({ more, code }) => {
  using client = await Messenger.connect(port);
  client.send(authOf("alice", more));
  expect(await client.closed).toMatchObject({ code });
  const { error } = await client.next("auth_error");
  expect(error).not.toContain((more as { auth_token?: string }).auth_token ?? "none");
});

test("who comes with a token once too often is told so, and can do no harm on the way out", async () => {
  using _first = await Messenger.open(port, "often");
  using _second = await Messenger.open(port, "often");
  using third = await Messenger.connect(port);
  const { _socket: below } = third.socket as unknown as { _socket: NodeJS.WritableStream };
  // No frame is like this: the socket tells of an error, and somebody must listen still.
  third.socket.once("message", () => below.write(Buffer.alloc(64, 0xff)));
  third.send(authOf("often"));
  expect(await third.closed).toMatchObject({ code: 4029 });
  expect((await third.next("auth_error")).code).toBe("CONNECTION_LIMIT_EXCEEDED");
  using other = await Messenger.open(port, "somebody else");
  other.send({ type: "heartbeat" });
  await other.next("heartbeat_ack");
});

test("garbage on a live socket is answered, and harms nobody", async () => {
  using client = await Messenger.open(port, "garbage");
  for (const text of ["", "null", "[]", `{"type":"toString"}`, `{"type":"message","payload":7}`]) {
    const from = client.heard.length;
    client.send(text);
    const { error } = await client.next("error", () => true, from);
    expect(error.recoverable).toBe(true);
  }
  client.send({ type: "heartbeat" });
  await client.next("heartbeat_ack");
});

test("no token and no message is in the log", () => {
  const text = JSON.stringify(running.log.lines);
  for (const part of [tokenOf("alice").split(".")[0]!, "letmein"]) expect(text).not.toContain(part);
});

test("a handshake that is none is refused, and costs no place", async () => {
  for (let at = 0; at < 5; at++) {
    const asked = request({
      port,
      path: "/chat/ws",
      headers: {
        connection: "upgrade",
        upgrade: "websocket",
        authorization: `Bearer ${tokenOf("handshake")}`,
      },
    });
    asked.end();
    const [response] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(400);
  }
  using client = await Messenger.open(port, "handshake");
  client.send({ type: "heartbeat" });
  await client.next("heartbeat_ack");
});
