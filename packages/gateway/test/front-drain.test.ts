import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const UPGRADE =
  "GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCH = "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade";

test("what is under way finishes, says close, and nothing new is accepted", async () => {
  await using kit = await FrontKit.start();
  const client = kit.send(GET);
  const stream = await kit.stream();
  const drained = kit.front.drain(60_000);
  const late = kit.connect();
  await late.until((c) => c.closed);
  expect(late.error?.code).toBe("ECONNREFUSED");
  stream.answer("200 OK", "finished");
  await client.over();
  expect(client.text).toMatch(/connection: close\r\n\r\nfinished$/);
  client.socket.end();
  await drained;
});

test("an idle connection may still bring a request, then is closed", async () => {
  const clock = virtualClock();
  await using kit = await FrontKit.start({ clock });
  kit.onStream = (stream) => stream.answer("200 OK", `at ${stream.target}`);
  const [busy, idle] = [kit.send(GET), kit.send(GET)];
  await busy.has("at /");
  await idle.has("at /");
  const drained = kit.front.drain(60_000);
  busy.send(GET.replace(" / ", " /2 "));
  await busy.has("at /2");
  expect(busy.text).toContain("connection: close");
  clock.advance(3_000);
  await idle.over();
  busy.socket.end();
  idle.socket.end();
  await drained;
});

test("a WebSocket is left alone until the deadline, then closed between two frames", async () => {
  const clock = virtualClock();
  await using kit = await FrontKit.start({ clock });
  const client = kit.send(UPGRADE);
  const stream = await kit.stream();
  stream.say(SWITCH);
  await client.has("\r\n\r\n");
  const drained = kit.front.drain(20_000);
  clock.advance(19_000);
  stream.write(Buffer.of(0x81, 4, 0x61, 0x62));
  await client.has("ab");
  clock.advance(1_000);
  // In the middle of a frame: the rest of it comes first.
  stream.write(Buffer.of(0x63, 0x64));
  await client.until((c) => c.ended);
  expect(client.bytes.includes(Buffer.from("abcd\x88", "latin1"))).toBe(true);
  expect(client.bytes.includes(Buffer.of(0x03, 0xf4))).toBe(true);
  expect((await stream.until((s) => s.error !== undefined)).error!.code).toBe("draining");
  client.socket.end();
  await drained;
});

test("a request without an answer at the deadline is 503", async () => {
  const clock = virtualClock();
  await using kit = await FrontKit.start({ clock });
  const client = kit.send(GET);
  const stream = await kit.stream();
  const drained = kit.front.drain(5_000);
  clock.advance(5_000);
  await client.has("503 Service Unavailable");
  expect(client.text).toContain("draining");
  await stream.until((s) => s.error !== undefined);
  client.socket.end();
  await drained;
});

test("clients that stay deaf are cut in the end", async () => {
  const clock = virtualClock();
  await using kit = await FrontKit.start({ clock });
  const client = kit.send(UPGRADE);
  (await kit.stream()).say(SWITCH);
  await client.has("\r\n\r\n");
  const drained = kit.front.drain(1_000);
  clock.advance(1_000);
  await client.until((c) => c.ended);
  clock.advance(10_000);
  await drained;
});
