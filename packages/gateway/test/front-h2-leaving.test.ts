import { connect as connectTcp, type Socket } from "node:net";
import { expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** GET / of app.test on stream 1, in HPACK. */
const HEADERS = Buffer.concat([
  Buffer.from([0, 0, 13, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 8]),
  Buffer.from("app.test"),
]);

test.each([
  { name: "closes its connection", leave: (socket: Socket) => void socket.destroy() },
  { name: "half-closes its connection", leave: (socket: Socket) => void socket.end() },
  { name: "resets its connection", leave: (socket: Socket) => void socket.resetAndDestroy() },
])("a client that $name leaves nothing behind", async ({ leave }) => {
  await using kit = await FrontKit.start();
  const socket = connectTcp({ port: kit.front.ports.http, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  socket.write(Buffer.concat([PREFACE, SETTINGS, HEADERS]));
  const stream = await kit.stream();
  stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
  stream.write("an event");
  leave(socket);
  await stream.until(() => stream.error !== undefined);
  expect(stream.error?.code).toBe("cancelled");
  await kit.front.drain(10_000);
  expect(kit.front.inFlight).toBe(0);
  expect(await kit.metrics.text()).toContain('gateway_connections{protocol="h2"} 0');
});
