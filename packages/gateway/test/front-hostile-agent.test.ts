import { connect, constants } from "node:http2";
import { once } from "node:events";
import { WireError } from "@warren/wire";
import { expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

const POST = "POST /one HTTP/1.1\r\nHost: app.test\r\nContent-Length: 40000\r\n\r\n";
const NEXT = "POST /two HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\n";

/** A first request whose answer is complete before its body has left, and a second behind it. */
async function answeredEarly(kit: FrontKit) {
  kit.onStream = (stream) => (stream.consuming = false);
  const client = kit.send(POST + "x".repeat(40_000));
  const first = await kit.stream();
  // All of the body is read from the client, and waits for credit.
  await first.until(() => first.chunks.length > 0);
  first.answer("413 Content Too Large", "no");
  await client.has("\r\n\r\nno");
  return { client, first };
}

test.each([
  { name: "stop", act: (kit: FrontKit) => kit.streams[0]!.opened.stop() },
  {
    name: "reset",
    act: (kit: FrontKit) => kit.streams[0]!.opened.reset(new WireError("upstream_failed", "")),
  },
  {
    name: "refusal",
    act: (kit: FrontKit) => kit.streams[0]!.opened.reset(new WireError("refused", "")),
  },
])(
  "a late $name of a stream that was answered does not touch the next request",
  async ({ act }) => {
    await using kit = await FrontKit.start();
    const { client } = await answeredEarly(kit);
    client.send(NEXT);
    const second = await kit.stream();
    act(kit);
    client.send("hello");
    await second.requested();
    expect(second.body.toString()).toBe("hello");
    second.answer("200 OK", "yes");
    await client.has("\r\n\r\nyes");
    expect(kit.streams).toHaveLength(2);
  },
);

test("a stream that was answered before its body had left does not stay", async () => {
  await using kit = await FrontKit.start();
  await answeredEarly(kit);
  await kit.streams[0]!.until((stream) => stream.error !== undefined);
  expect(kit.pair.acceptor.streams).toBe(0);
});

test("informational heads without end are cut off, whoever does not read them", async () => {
  await using kit = await FrontKit.start();
  const client = kit.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  const stream = await kit.stream();
  for (let i = 0; i < 1_000; i++) stream.say("HTTP/1.1 103 Early Hints\r\nlink: </a>");
  await client.has("HTTP/1.1 502");
  await stream.until(() => stream.error !== undefined);
});

test("trailers that HTTP/2 cannot say end their stream, not the gateway", async () => {
  await using kit = await FrontKit.start();
  const session = connect(`http://127.0.0.1:${kit.front.ports.http}`);
  const request = session.request({ ":authority": "app.test", ":path": "/" });
  const failed = once(request, "error");
  const stream = await kit.stream();
  stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
  stream.write("hi");
  stream.opened.trailers(Buffer.from("etag: a\r\netag: b\r\n", "latin1"));
  request.resume();
  await failed;
  expect(request.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  const other = session.request({ ":authority": "app.test", ":path": "/" });
  const next = await kit.stream();
  next.answer("200 OK", "fine");
  const [head] = (await once(other, "response")) as [Record<string, unknown>];
  expect(head[":status"]).toBe(200);
  session.destroy();
});

test("informational heads without end are cut off over HTTP/2 too", async () => {
  await using kit = await FrontKit.start();
  const session = connect(`http://127.0.0.1:${kit.front.ports.http}`);
  const request = session.request({ ":authority": "app.test", ":path": "/" });
  const response = once(request, "response");
  const stream = await kit.stream();
  for (let i = 0; i < 1_000; i++) stream.say("HTTP/1.1 103 Early Hints\r\nlink: </a>");
  const [head] = (await response) as [Record<string, unknown>];
  expect(head[":status"]).toBe(502);
  session.destroy();
});
