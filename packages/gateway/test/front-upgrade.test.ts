import { closeFrame } from "@warren/http";
import { virtualClock, type RawEnd } from "@warren/host/testing";
import { KIND, WireError } from "@warren/wire";
import { expect, test } from "vitest";
import { FrontKit, type AgentStream } from "./_front-kit.ts";

const UPGRADE =
  "GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n" +
  "Sec-WebSocket-Key: x\r\n\r\n";
const SWITCH =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: y";

/** A text frame of a server. */
function frame(text: string): Buffer {
  return Buffer.concat([Buffer.of(0x81, text.length), Buffer.from(text)]);
}

async function switched(kit: FrontKit): Promise<{ client: RawEnd; stream: AgentStream }> {
  const client = kit.send(UPGRADE);
  const stream = await kit.stream();
  stream.say(SWITCH);
  await client.has("\r\n\r\n");
  return { client, stream };
}

test("after a 101 both directions are raw, early bytes among them", async () => {
  await using kit = await FrontKit.start();
  const client = kit.send(`${UPGRADE}early`);
  const stream = await kit.stream();
  expect(stream.kind).toBe(KIND.upgrade);
  expect(stream.field("upgrade")).toBe("websocket");
  expect(stream.field("sec-websocket-key")).toBe("x");
  expect(stream.endedAtOnce).toBe(false);
  stream.say(SWITCH);
  stream.write(frame("hello"));
  await client.has("hello");
  expect(client.text).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/);
  expect(client.text).toMatch(/connection: upgrade\r\nupgrade: websocket\r\n\r\n/);
  await stream.until((s) => s.text === "early");
  client.send("more");
  await stream.until((s) => s.text === "earlymore");
});

test("each side ends by itself", async () => {
  await using kit = await FrontKit.start();
  const { client, stream } = await switched(kit);
  client.socket.end("last words");
  await stream.requested();
  expect(stream.text).toBe("last words");
  stream.write("and ");
  stream.write("an answer", true);
  await client.until((c) => c.ended);
  expect(client.text).toMatch(/and an answer$/);
  await client.until((c) => c.closed);
  expect(client.error).toBeUndefined();
  expect(stream.error).toBeUndefined();
});

test("the service may end first", async () => {
  await using kit = await FrontKit.start();
  const { client, stream } = await switched(kit);
  stream.opened.end();
  await client.until((c) => c.ended);
  client.socket.end("still talking");
  await stream.requested();
  expect(stream.text).toBe("still talking");
});

test("an upgrade that the service declines is an answer like any other", async () => {
  await using kit = await FrontKit.start();
  const client = kit.send(UPGRADE);
  const stream = await kit.stream();
  stream.answer("426 Upgrade Required", "no");
  await client.has("\r\n\r\nno");
  await stream.requested();
  kit.onStream = (next) => next.answer("200 OK", "next");
  client.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  await client.has("\r\n\r\nnext");
});

test("back-pressure holds a client back, and all of it arrives", async () => {
  await using kit = await FrontKit.start();
  const { client, stream } = await switched(kit);
  stream.consuming = false;
  client.socket.end(Buffer.alloc(2_000_000, "x"));
  await stream.until((s) => s.bytes >= 16_000);
  stream.catchUp();
  await stream.requested();
  expect(stream.bytes).toBe(2_000_000);
});

test("a client that goes away resets the stream", async () => {
  await using kit = await FrontKit.start();
  const { client, stream } = await switched(kit);
  client.socket.resetAndDestroy();
  expect((await stream.until((s) => s.error !== undefined)).error!.code).toBe("cancelled");
  expect(kit.front.inFlight).toBe(0);
  expect(await kit.metrics.text()).toContain('gateway_connections{protocol="http/1.1"} 0');
});

test("a stream that is drained at a frame boundary is closed with 1012", async () => {
  await using kit = await FrontKit.start();
  const { client, stream } = await switched(kit);
  stream.write(frame("hello"));
  await client.has("hello");
  const before = client.bytes.length;
  stream.opened.reset(new WireError("draining", ""));
  await client.until((c) => c.ended);
  const farewell = client.bytes.subarray(before);
  expect(farewell.subarray(0, 4)).toEqual(Buffer.of(0x88, farewell.length - 2, 0x03, 0xf4));
});

test.each([
  { name: "within a frame", write: Buffer.of(0x81, 10, 1, 2), error: "draining" as const },
  { name: "by a failure", write: frame("x"), error: "tunnel_lost" as const },
  {
    name: "behind a close frame",
    write: Buffer.from(closeFrame(1000, "")),
    error: "upstream_failed" as const,
  },
])("a stream that breaks $name gets no frame of ours", async ({ write, error }) => {
  await using kit = await FrontKit.start();
  const { client, stream } = await switched(kit);
  const before = client.bytes.length;
  stream.write(write);
  await client.until((c) => c.received === before + write.length);
  stream.opened.reset(new WireError(error, ""));
  await client.until((c) => c.closed);
  expect(client.received).toBe(before + write.length);
});

test("a silent connection is left alone for an hour", async () => {
  const clock = virtualClock();
  await using kit = await FrontKit.start({ clock });
  const { client, stream } = await switched(kit);
  clock.advance(3_600_000);
  stream.write(frame("still here"));
  await client.has("still here");
  client.send("so am I");
  await stream.until((s) => s.text === "so am I");
});
