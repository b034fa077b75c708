import { once } from "node:events";
import { connect } from "node:http2";
import { virtualClock } from "@warren/host/testing";
import type { RouteInput } from "@warren/wire";
import { describe, expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

const FILTERED: Partial<RouteInput> = {
  path: "/api",
  filters: {
    request_headers: {
      set: [{ name: "x-team", value: "blue" }],
      add: [{ name: "x-more", value: "2" }],
      remove: ["x-secret"],
    },
    response_headers: {
      set: [{ name: "Cache-Control", value: "no-store" }],
      add: [{ name: "set-cookie", value: "b=2" }],
      remove: ["server"],
    },
    rewrite: { host: "inner.test", path: { type: "prefix", value: "/v1" } },
  },
};
const ANSWER = "\r\nServer: secret\r\nCache-Control: public\r\nSet-Cookie: a=1";
const TARGET = "/api/a%2Eb?q=%20";

const FRONTS: Record<string, (kit: FrontKit, fields: [string, string][]) => Promise<string>> = {
  "HTTP/1.1": async (kit, fields) => {
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const client = kit.send(`GET ${TARGET} HTTP/1.1\r\nHost: app.test\r\n${lines}\r\n`);
    await client.has("done");
    return client.text.toLowerCase();
  },
  "HTTP/2": async (kit, fields) => {
    const session = connect(`http://127.0.0.1:${kit.front.ports.http}`);
    const pseudo = [":method", "GET", ":scheme", "http", ":authority", "app.test", ":path", TARGET];
    const stream = session.request(pseudo.concat(fields.flat()));
    const [, , raw] = (await once(stream, "response")) as [object, number, string[]];
    await once(stream.resume(), "close");
    session.destroy();
    const lines = raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1]}\r\n`] : []));
    return lines.join("").toLowerCase();
  },
};

describe.each(Object.entries(FRONTS))("filters over %s", (_name, ask) => {
  test("change what the service hears and what the client reads, and nothing else", async () => {
    await using kit = await FrontKit.start({ route: FILTERED });
    kit.onStream = (stream) => stream.answer("200 OK", "done", ANSWER);
    const answer = await ask(kit, [
      ["x-team", "red"],
      ["x-more", "1"],
      ["x-secret", "s"],
    ]);
    const stream = await kit.stream();
    expect(stream.target).toBe("/v1/a%2Eb?q=%20");
    expect(stream.fields("host")).toEqual(["inner.test"]);
    expect(stream.fields("x-team")).toEqual(["blue"]);
    expect(stream.fields("x-more")).toEqual(["1", "2"]);
    expect(stream.field("x-secret")).toBeUndefined();
    expect(stream.fields("x-forwarded-host")).toEqual(["app.test"]);
    expect(answer).not.toContain("server: ");
    expect(answer.match(/cache-control: .*/g)).toEqual(["cache-control: no-store"]);
    expect(answer.match(/set-cookie: .*/g)).toEqual(["set-cookie: a=1", "set-cookie: b=2"]);
    expect(answer).toContain("content-length: 4\r\n");
  });
});

test("an upgrade is rewritten as any request is", async () => {
  await using kit = await FrontKit.start({ route: FILTERED });
  const client = kit.send(
    "GET /api/ws HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
  );
  const stream = await kit.stream();
  expect(stream.target).toBe("/v1/ws");
  expect(stream.fields("upgrade")).toEqual(["websocket"]);
  expect(stream.fields("connection")).toEqual(["upgrade"]);
  stream.say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket");
  stream.write("raw");
  await client.has("raw");
  expect(client.text).toContain("cache-control: no-store\r\n");
});

test("a redirect is answered here, with its fields, and opens no stream", async () => {
  const filters: RouteInput["filters"] = {
    redirect: { scheme: "https", host: "new.test", status: 301 },
    response_headers: { set: [{ name: "x-from", value: "gateway" }] },
  };
  await using kit = await FrontKit.start({ route: { filters } });
  const client = kit.send("GET /x?q=1 HTTP/1.1\r\nHost: app.test\r\n\r\n");
  await client.has("\r\n\r\n");
  expect(client.text).toMatch(/^HTTP\/1.1 301 Moved Permanently\r\n/);
  expect(client.text).toContain("location: https://new.test/x?q=1\r\n");
  expect(client.text).toContain("x-from: gateway\r\n");
  expect(kit.streams).toEqual([]);
});

test("a redirect asks for the password first", async () => {
  const policy = { allow: ["192.0.2.0/24"] };
  await using kit = await FrontKit.start({ route: { policy, filters: { redirect: {} } } });
  const client = kit.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  await client.has("HTTP/1.1 403");
});

test.each([
  { name: "denied", policy: { deny: ["127.0.0.0/8"] }, want: "403" },
  {
    name: "allowed and denied",
    policy: { allow: ["127.0.0.1"], deny: ["127.0.0.1"] },
    want: "403",
  },
  { name: "not denied", policy: { deny: ["192.0.2.0/24"] }, want: "200" },
])("an address that is $name is answered $want", async ({ policy, want }) => {
  await using kit = await FrontKit.start({ route: { policy } });
  kit.onStream = (stream) => stream.answer("200 OK");
  const client = kit.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  await client.has(`HTTP/1.1 ${want}`);
});

test("a deny list with an entry that is no network is refused, not read past", async () => {
  await using kit = await FrontKit.start();
  const verdict = await kit.publish([
    { host: "other.test", service: "app", port: 80, policy: { deny: ["10.0.0.0/99"] } },
  ]);
  expect(verdict.rejected).toMatchObject([{ code: "invalid_route" }]);
});

describe("a request's time as a whole", () => {
  const policy = { request_timeout_ms: 10_000 };

  test("ends it with 504 while nothing was answered, though its body moves", async () => {
    const clock = virtualClock();
    await using kit = await FrontKit.start({ clock, route: { policy } });
    const client = kit.send("POST / HTTP/1.1\r\nHost: app.test\r\ncontent-length: 99999\r\n\r\n");
    const stream = await kit.stream();
    for (let second = 0; second < 9; second += 1) {
      const had = stream.body.length;
      client.send("x".repeat(2_000));
      await stream.until(({ body }) => body.length === had + 2_000);
      clock.advance(1_000);
    }
    expect(client.text).toBe("");
    clock.advance(2_000);
    await client.has("HTTP/1.1 504");
  });

  test("cuts an answer that goes on for longer", async () => {
    const clock = virtualClock();
    await using kit = await FrontKit.start({ clock, route: { policy } });
    const client = kit.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const stream = await kit.stream();
    stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
    stream.write("some");
    await client.has("some");
    clock.advance(11_000);
    await client.until(({ closed }) => closed);
    expect(client.text).not.toContain("0\r\n\r\n");
  });
});
