import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { connect as connectTcp, Socket } from "node:net";
import { FLOOR_BYTES, WireError } from "@warren/wire";
import { expect, test } from "vitest";
import {
  FRONT_DEFAULTS,
  FrontContext,
  type Connection,
  type FrontDeps,
} from "../src/front/front-context.ts";
import { H2Session } from "../src/front/h2-session.ts";
import type { Peer } from "../src/front/peer.ts";
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

test("an answer that breaks off while the upload is held back ends that request alone", async () => {
  await using kit = await FrontKit.start();
  const session = connectHttp2(`http://127.0.0.1:${kit.front.ports.http}`);
  const ask = (method: string) => {
    const asked = session.request({ ":method": method, ":path": "/", ":authority": "app.test" });
    asked.on("error", () => {});
    return asked;
  };
  const upload = ask("POST");
  const closed = new Promise<void>((resolve) => upload.once("close", () => resolve()));
  upload.write(Buffer.alloc(1_000_000));
  const stream = await kit.stream();
  // Its service reads nothing: what the client says piles up as far as it may.
  stream.consuming = false;
  stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
  await once(upload, "response");
  await stream.until((s) => s.unconsumed >= FLOOR_BYTES);
  // It reads on and breaks off in one go: what waited for that is given to nobody.
  stream.catchUp();
  stream.opened.reset(new WireError("upstream_failed", "it broke off"));
  await closed;
  expect(upload.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  const next = once(ask("GET"), "response");
  (await kit.stream()).answer("200 OK", "fine");
  expect((await next)[0]).toMatchObject({ ":status": 200 });
  expect(kit.log.lines.filter(({ msg }) => msg === "internal error")).toEqual([]);
  session.destroy();
});

test("a session that Node forgets when its socket is gone is swept away", () => {
  let closed = 0;
  const forgotten: Connection[] = [];
  const deps = {
    clock: { now: () => 0 },
    events: { connectionOpened: () => {}, connectionClosed: () => void closed++ },
  };
  const context = new FrontContext(deps as unknown as FrontDeps, FRONT_DEFAULTS);
  const socket = new Socket();
  H2Session.begin(context, socket, {} as Peer);
  forgotten.push(...context.connections);
  // Nobody is told.
  socket.removeAllListeners();
  socket.destroy();
  for (let n = 0; n < 2; n++) for (const session of forgotten) session.sweep(0);
  expect([closed, context.connections.size]).toEqual([1, 0]);
});
