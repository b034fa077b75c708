import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { connect as connectTcp } from "node:net";
import { virtualClock } from "@warren/host/testing";
import { WireError } from "@warren/wire";
import { afterEach, expect, test } from "vitest";
import { FrontKit, moveGate, type KitOptions } from "./_front-kit.ts";

const sessions: ClientHttp2Session[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
});

/** By prior knowledge on the plain port. */
function dial(kit: FrontKit): ClientHttp2Session {
  const url = `http://127.0.0.1:${kit.front.ports.http}`;
  // The gateway is what refuses here, not the client.
  const session = connect(url, { maxSendHeaderBlockLength: 1_000_000 });
  session.on("error", () => {});
  sessions.push(session);
  return session;
}

function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  ended = true,
): ClientHttp2Stream {
  const all = { ":authority": "app.test", ":path": "/", ...headers };
  const stream = session.request(all, { endStream: ended });
  stream.on("error", () => {});
  return stream;
}

/** Resolves at the close, however it came to it. */
function closed(what: ClientHttp2Stream | ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => void what.once("close", resolve));
}

interface Got {
  head: IncomingHttpHeaders;
  body: Buffer;
  trailers: IncomingHttpHeaders;
}
async function answerOf(stream: ClientHttp2Stream): Promise<Got> {
  const got: Got = { head: {}, body: Buffer.alloc(0), trailers: {} };
  const chunks: Buffer[] = [];
  stream.on("response", (head) => (got.head = head));
  stream.on("trailers", (trailers) => (got.trailers = trailers));
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await closed(stream);
  got.body = Buffer.concat(chunks);
  return got;
}

test("a request by prior knowledge reaches the service like any other", async () => {
  await using kit = await FrontKit.start();
  const request = ask(dial(kit), {
    ":path": "/a%20b?x=1&&y",
    cookie: ["a=1", "b=2"],
    "x-a": "1",
    te: "trailers",
  });
  const answer = answerOf(request);
  const stream = await kit.stream();
  expect(stream.head.split("\r\n")[0]).toBe("GET /a%20b?x=1&&y HTTP/1.1");
  expect(stream.fields("host")).toEqual(["app.test"]);
  expect(stream.fields("cookie")).toEqual(["a=1; b=2"]);
  expect(stream.field("te")).toBeUndefined();
  expect(stream.endedAtOnce).toBe(true);
  stream.answer("200 OK", "hello", "\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: close");
  const { head, body } = await answer;
  expect(head).toMatchObject({
    ":status": 200,
    "content-length": "5",
    "set-cookie": ["a=1", "b=2"],
  });
  expect(head["connection"]).toBeUndefined();
  expect(head["x-request-id"]).toBe(stream.field("x-request-id"));
  expect(String(body)).toBe("hello");
});

test("trailers pass both ways, and each side ends by itself", async () => {
  await using kit = await FrontKit.start();
  const session = dial(kit);
  const request = session.request(
    { ":method": "POST", ":authority": "app.test", ":path": "/svc/Call", te: "trailers" },
    { endStream: false, waitForTrailers: true },
  );
  request.on("wantTrailers", () => request.sendTrailers({ "x-sum": "1" }));
  const answer = answerOf(request);
  request.write("ping");
  const stream = await kit.stream();
  await stream.until((s) => s.text === "ping");
  stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: application/grpc");
  stream.write("pong");
  await once(request, "response");
  request.end("more");
  await stream.requested();
  expect(stream.text).toBe("pingmore");
  expect(stream.trailers).toBe("x-sum: 1\r\n");
  stream.opened.trailers(Buffer.from("grpc-status: 0\r\ngrpc-message: fine\r\n"));
  const { body, trailers } = await answer;
  expect(String(body)).toBe("pong");
  expect(trailers).toMatchObject({ "grpc-status": "0", "grpc-message": "fine" });
});

test.each([
  { name: "HEAD", method: "HEAD", head: "HTTP/1.1 200 OK\r\ncontent-length: 5", status: 200 },
  { name: "204", method: "GET", head: "HTTP/1.1 204 No Content", status: 204 },
  { name: "304", method: "GET", head: "HTTP/1.1 304 Not Modified", status: 304 },
  {
    name: "an empty body",
    method: "GET",
    head: "HTTP/1.1 200 OK\r\ncontent-length: 0",
    status: 200,
  },
  {
    name: "an empty body of unknown length",
    method: "GET",
    head: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked",
    status: 200,
  },
])("$name is answered without a body", async ({ method, head, status }) => {
  await using kit = await FrontKit.start();
  const answer = answerOf(ask(dial(kit), { ":method": method }));
  (await kit.stream()).say(head, true);
  const got = await answer;
  expect(got.head[":status"]).toBe(status);
  expect(got.body).toHaveLength(0);
});

test("early hints pass", async () => {
  await using kit = await FrontKit.start();
  const request = ask(dial(kit));
  const hints = once(request, "headers");
  const answer = answerOf(request);
  const stream = await kit.stream();
  stream.say("HTTP/1.1 103 Early Hints\r\nlink: </a.css>");
  stream.answer("200 OK", "x");
  expect((await hints)[0]).toMatchObject({ ":status": 103, link: "</a.css>" });
  expect((await answer).head[":status"]).toBe(200);
});

test("uploads and downloads of any size arrive whole, under back-pressure", async () => {
  await using kit = await FrontKit.start();
  const bytes = randomBytes(3_000_000);
  const request = ask(dial(kit), { ":method": "POST" }, false);
  const answer = answerOf(request);
  request.end(bytes);
  const stream = await kit.stream();
  stream.consuming = false;
  await stream.until((s) => s.bytes >= 16_000);
  stream.catchUp();
  await stream.requested();
  expect(createHash("sha256").update(stream.body).digest("hex")).toBe(
    createHash("sha256").update(bytes).digest("hex"),
  );
  stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
  stream.write(bytes, true);
  expect((await answer).body.equals(bytes)).toBe(true);
});

test("a reset by the client cancels its request alone", async () => {
  await using kit = await FrontKit.start();
  const session = dial(kit);
  const [gone, stays] = [ask(session, { ":path": "/gone" }), ask(session, { ":path": "/stays" })];
  const answer = answerOf(stays);
  const [first, second] = [await kit.stream(), await kit.stream()];
  gone.close(constants.NGHTTP2_CANCEL);
  expect((await first.until((s) => s.error !== undefined)).error!.code).toBe("cancelled");
  second.answer("200 OK", "fine");
  expect(String((await answer).body)).toBe("fine");
});

test("an answer before the upload's end reaches the client, and the rest is not wanted", async () => {
  await using kit = await FrontKit.start();
  const request = ask(dial(kit), { ":method": "POST" }, false);
  const answer = answerOf(request);
  request.write("x");
  const stream = await kit.stream();
  await stream.until((s) => s.bytes === 1);
  stream.answer("401 Unauthorized", "no");
  const got = await answer;
  expect(got.head[":status"]).toBe(401);
  expect(String(got.body)).toBe("no");
  expect((await stream.until((s) => s.error !== undefined)).error!.code).toBe("cancelled");
});

test.each([
  { name: "before the answer", begun: false },
  { name: "in the middle of it", begun: true },
])("a failure $name", async ({ begun }) => {
  await using kit = await FrontKit.start();
  const request = ask(dial(kit));
  const answer = answerOf(request);
  const stream = await kit.stream();
  if (begun) {
    stream.say("HTTP/1.1 200 OK\r\ncontent-length: 9");
    await once(request, "response");
  }
  stream.opened.reset(new WireError("tunnel_lost", "secret"));
  const got = await answer;
  expect(got.head[":status"]).toBe(begun ? 200 : 502);
  expect(request.rstCode).toBe(begun ? constants.NGHTTP2_INTERNAL_ERROR : 0);
  expect(String(got.body)).not.toContain("secret");
});

test("a request that was refused unread goes elsewhere with its body", async () => {
  await using kit = await FrontKit.start();
  const request = ask(dial(kit), { ":method": "POST" }, false);
  const answer = answerOf(request);
  request.end("hello");
  (await (await kit.stream()).requested()).opened.reset(new WireError("refused", ""));
  const second = await (await kit.stream()).requested();
  expect(second.text).toBe("hello");
  second.answer("200 OK", "ok");
  expect((await answer).head[":status"]).toBe(200);
});

test("what comes of a body while another agent is looked for is not lost", async () => {
  const { gate, moved, open } = moveGate();
  await using kit = await FrontKit.start({ gate });
  const session = dial(kit);
  const request = ask(session, { ":method": "POST" }, false);
  request.write("hello");
  const first = await kit.stream();
  await first.until((s) => s.bytes === 5);
  first.opened.reset(new WireError("refused", ""));
  await moved;
  request.end("world");
  await answerOf(ask(session, { ":authority": "no.test" }));
  open();
  const second = await (await kit.stream()).requested();
  expect(second.text).toBe("helloworld");
});

test.each([
  { name: "an unknown host", headers: { ":authority": "no.test" }, status: 404 },
  {
    name: "CONNECT",
    headers: { ":method": "CONNECT", ":path": undefined, ":scheme": undefined },
    status: 501,
  },
  { name: "an unknown method", headers: { ":method": "BREW" }, status: 501 },
  { name: "an absolute path", headers: { ":path": "http://evil.test/" }, status: 400 },
  { name: "a fragment", headers: { ":path": "/a#b" }, status: 400 },
  { name: "another host than :authority", headers: { host: "evil.test" }, status: 400 },
  { name: "a scheme of its own", headers: { ":scheme": "file" }, status: 400 },
  { name: "an authority with a user", headers: { ":authority": "u@app.test" }, status: 400 },
])("$name is refused", async ({ headers, status }) => {
  await using kit = await FrontKit.start();
  const session = dial(kit);
  const got = await answerOf(ask(session, headers));
  // Some of these nghttp2 refuses itself, by a reset.
  expect(got.head[":status"] ?? status).toBe(status);
  expect(kit.streams).toHaveLength(0);
  kit.onStream = (stream) => stream.answer("200 OK", "next");
  expect((await answerOf(ask(session))).head[":status"]).toBe(200);
});

const numbered = (count: number, length: number): OutgoingHttpHeaders =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, "a".repeat(length)]));

test.each([
  { name: "of 70 KB", fields: numbered(9, 8_000) },
  { name: "of 225 KB, which Huffman code makes fit", fields: numbered(15, 15_000) },
  { name: "of 201 fields", fields: numbered(201, 1) },
  { name: "of 5,000 fields", fields: numbered(5_000, 5) },
])("a header block $name is 431, and its connection goes on", async ({ fields }) => {
  await using kit = await FrontKit.start();
  kit.onStream = (stream) => stream.answer("200 OK", "x");
  const session = dial(kit);
  const got = await answerOf(ask(session, fields));
  expect(got.head[":status"]).toBe(431);
  expect(kit.streams).toHaveLength(0);
  expect((await answerOf(ask(session))).head[":status"]).toBe(200);
});

test.each([
  { name: "200 fields", fields: numbered(200, 1) },
  { name: "300 crumbs of a cookie", fields: { cookie: Array<string>(300).fill("a=1") } },
  { name: "60 KB", fields: numbered(4, 15_000) },
])("a header block of $name passes", async ({ fields }) => {
  await using kit = await FrontKit.start();
  kit.onStream = (stream) => stream.answer("200 OK", "x");
  expect((await answerOf(ask(dial(kit), fields))).head[":status"]).toBe(200);
});

test("a client that resets stream after stream is thrown out, others are served", async () => {
  await using kit = await FrontKit.start();
  kit.onStream = (stream) => void stream.requested();
  const session = dial(kit);
  const thrownOut = closed(session);
  await once(session, "connect");
  let sent = 0;
  const flood = (): void => {
    for (let i = 0; i < 100 && !session.closed && !session.destroyed; i++, sent++)
      ask(session).close(constants.NGHTTP2_CANCEL);
    if (!session.closed && !session.destroyed && sent < 20_000) setImmediate(flood);
  };
  flood();
  await thrownOut;
  expect(sent).toBeLessThan(20_000);
  kit.onStream = (stream) => stream.answer("200 OK", "fine");
  expect((await answerOf(ask(dial(kit)))).head[":status"]).toBe(200);
});

test("a preface that goes wrong ends its connection only", async () => {
  await using kit = await FrontKit.start();
  const client = kit.send("PRI * HTTP/2.0\r\n\r\nNO\r\n\r\n");
  await client.over();
  const late = kit.send("GET / HTTP/1.1\r\nHost: no.test\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  await late.has("HTTP/1.1 404");
  await late.has("HTTP/1.1 501");
});

const clocked = async (options: Partial<KitOptions> = {}) => {
  const clock = virtualClock();
  return { clock, kit: await FrontKit.start({ clock, ...options }) };
};

test("no answer in time is 504; a call that only listens is no slow upload", async () => {
  const { kit, clock } = await clocked();
  await using _ = kit;
  const session = dial(kit);
  const late = answerOf(ask(session));
  await kit.stream();
  const call = ask(session, { ":method": "POST", "content-type": "application/grpc" }, false);
  const slow = answerOf(ask(session, { ":method": "POST" }, false));
  await kit.stream();
  await kit.stream();
  clock.advance(31_000);
  expect((await late).head[":status"]).toBe(504);
  expect((await slow).head[":status"]).toBe(408);
  expect(call.closed).toBe(false);
});

test("a drain says GOAWAY, finishes what is under way, and ends", async () => {
  await using kit = await FrontKit.start();
  const session = dial(kit);
  const answer = answerOf(ask(session));
  const stream = await kit.stream();
  const goaway = once(session, "goaway");
  const drained = kit.front.drain(60_000);
  await goaway;
  stream.answer("200 OK", "finished");
  expect(String((await answer).body)).toBe("finished");
  await drained;
});

test("what is left at the deadline of a drain is 503", async () => {
  const { kit, clock } = await clocked();
  await using _ = kit;
  const answer = answerOf(ask(dial(kit)));
  await kit.stream();
  const drained = kit.front.drain(5_000);
  clock.advance(5_000);
  expect((await answer).head[":status"]).toBe(503);
  await drained;
});

test("an idle connection is closed", async () => {
  const { kit, clock } = await clocked();
  await using _ = kit;
  kit.onStream = (stream) => stream.answer("200 OK", "x");
  const session = dial(kit);
  await answerOf(ask(session));
  clock.advance(76_000);
  await closed(session);
});

test("closing a socket in the middle of everything breaks nothing", async () => {
  await using kit = await FrontKit.start();
  const raw = connectTcp(kit.front.ports.http, "127.0.0.1");
  const session = connect("http://app.test", { createConnection: () => raw });
  session.on("error", () => {});
  ask(session, { ":method": "POST" }, false).write("x");
  const stream = await kit.stream();
  raw.resetAndDestroy();
  await stream.until((s) => s.error !== undefined);
  expect(kit.front.inFlight).toBe(0);
});
