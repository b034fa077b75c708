import { connect } from "node:http2";
import { describe, expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

const HOST = "Host: app.test\r\n";
const SOCKET =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n";

async function statusOf(kit: FrontKit, request: string): Promise<number> {
  const client = kit.send(request);
  await client.has("\r\n\r\n");
  return Number(client.text.split(" ")[1]);
}

function overHttp2(kit: FrontKit, path: string): Promise<number> {
  const session = connect(`http://127.0.0.1:${kit.front.ports.http}`);
  const asked = session.request({ ":authority": "app.test", ":path": path });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  asked.on("response", (head) => resolve(Number(head[":status"]))).on("error", reject);
  return promise.finally(() => session.destroy());
}

const PROTOCOLS = [
  {
    name: "HTTP/1.1",
    ask: (kit: FrontKit, path: string) => statusOf(kit, `GET ${path} HTTP/1.1\r\n${HOST}\r\n`),
  },
  { name: "HTTP/2", ask: overHttp2 },
  {
    name: "a WebSocket's upgrade",
    ask: (kit: FrontKit, path: string) =>
      statusOf(kit, `GET ${path} HTTP/1.1\r\n${HOST}${SOCKET}\r\n`),
  },
];

describe.each(PROTOCOLS)("a path over $name", ({ ask }) => {
  const routes = [
    { host: "app.test", service: "app", port: 80 },
    {
      host: "app.test",
      path: "/admin",
      service: "app",
      port: 80,
      policy: { allow: ["192.0.2.1"] },
    },
    { host: "app.test", path: "/raw", service: "app", port: 80, policy: { raw_path: true } },
  ];
  test.each([
    { path: "/admin", want: 403 },
    { path: "/%61dmin", want: 403 },
    { path: "/admin%00", want: 400 },
    { path: "/%00/x", want: 400 },
    { path: "/raw/a%00", want: 200 },
    { path: "/%2561dmin", want: 400 },
    { path: "/%25%36%31dmin", want: 400 },
    { path: "/%2525%2536%2531dmin", want: 400 },
    { path: "/admin%2500", want: 400 },
    { path: "/raw/a%2500", want: 200 },
    { path: "/x/%252e%252e%252fadmin", want: 400 },
    { path: "//admin", want: 400 },
    { path: "/x/../admin", want: 400 },
    { path: "/x%2fadmin", want: 400 },
    { path: "/100%25/a%2520b", want: 200 },
    { path: "/admin%c0%af", want: 200 },
    { path: "/%zz%1", want: 200 },
  ])("$path is $want", async ({ path, want }) => {
    await using kit = await FrontKit.start({ routes });
    kit.onStream = (stream) => stream.answer("200 OK", "ok");
    expect(await ask(kit, path)).toBe(want);
    expect(kit.streams.map(({ target }) => target)).toEqual(want === 200 ? [path] : []);
  });
});
