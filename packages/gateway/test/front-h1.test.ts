import { createHash, randomBytes } from "node:crypto";
import { virtualClock } from "@warren/host/testing";
import { KIND, WireError } from "@warren/wire";
import { describe, expect, test } from "vitest";
import type { ReservedRequest } from "../src/front/front-context.ts";
import { FrontKit } from "./_front-kit.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const post = (more: string): string => `POST /up HTTP/1.1\r\nHost: app.test\r\n${more}\r\n\r\n`;

describe("requests over HTTP/1.1", () => {
  test("a request reaches the service and its answer the client, byte for byte", async () => {
    await using kit = await FrontKit.start({ route: { policy: { raw_path: true } } });
    const target = "/a%2Fb/../%7Ec//?x=1&&y=%20&y=;?";
    const client = kit.send(`GET ${target} HTTP/1.1\r\nHost: app.test\r\nX-A: 1\r\n\r\n`);
    const stream = await kit.stream();
    expect(stream.head.split("\r\n")[0]).toBe(`GET ${target} HTTP/1.1`);
    expect(stream.endedAtOnce).toBe(true);
    stream.answer("200 OK", "hello", "\r\nX-B: 2");
    await client.has("hello");
    expect(client.text).toMatch(
      /^HTTP\/1.1 200 OK\r\nX-B: 2\r\nx-request-id: \S+\r\ncontent-length: 5\r\n\r\nhello$/,
    );
  });

  test("keeps the connection for a second request", async () => {
    await using kit = await FrontKit.start();
    kit.onStream = (stream) => stream.answer("200 OK", `at ${stream.target}`);
    const client = kit.send("GET /1 HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await client.has("at /1");
    client.send("GET /2 HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await client.has("at /2");
    expect(client.closed).toBe(false);
  });

  test("answers pipelined requests in order", async () => {
    await using kit = await FrontKit.start();
    kit.onStream = (stream) => stream.answer("200 OK", `at ${stream.target}.`);
    const targets = Array.from({ length: 50 }, (_, i) => `/${i}`);
    const client = kit.send(
      targets.map((t) => `GET ${t} HTTP/1.1\r\nHost: app.test\r\n\r\n`).join(""),
    );
    await client.has("at /49.");
    expect(client.text.match(/at (\/\d+)\./g)).toEqual(targets.map((t) => `at ${t}.`));
  });

  test("thousands of refused pipelined requests are answered without a deep stack", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send("GET / HTTP/1.1\r\nHost: no.test\r\n\r\n".repeat(5_000));
    await client.until((got) => got.text.split("HTTP/1.1 404").length === 5_001);
  });

  test("a pipelined body and the request behind it are told apart", async () => {
    await using kit = await FrontKit.start();
    kit.onStream = (stream) =>
      void stream.requested().then((s) => s.answer("200 OK", `${s.target}:${s.text};`));
    const client = kit.send(
      `${post("content-length: 3")}abc${post("transfer-encoding: chunked")}2\r\nde\r\n0\r\n\r\n${GET}`,
    );
    await client.has("/:;");
    expect(client.text.match(/\/(up)?:\w*;/g)).toEqual(["/up:abc;", "/up:de;", "/:;"]);
  });

  test("fields: repeated ones stay apart and in order, hop-by-hop ones go no further", async () => {
    await using kit = await FrontKit.start({ route: { policy: { strip_headers: ["x-secret"] } } });
    const client = kit.send(
      "GET / HTTP/1.1\r\nHost: app.test\r\nX-A: 1\r\nx-a: 2\r\nCookie: a\r\nCookie: b\r\n" +
        "Authorization: Bearer t\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n" +
        "Keep-Alive: 5\r\nX-Secret: s\r\nX-Forwarded-For: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\n\r\n",
    );
    const stream = await kit.stream();
    expect(stream.fields("x-a")).toEqual(["1", "2"]);
    expect(stream.fields("cookie")).toEqual(["a", "b"]);
    expect(stream.field("authorization")).toBe("Bearer t");
    for (const gone of ["connection", "x-hop", "te", "keep-alive", "x-secret"])
      expect(stream.field(gone), gone).toBeUndefined();
    expect(stream.fields("x-forwarded-for")).toEqual(["127.0.0.1"]);
    expect(stream.fields("x-forwarded-proto")).toEqual(["http"]);
    expect(stream.fields("x-forwarded-host")).toEqual(["app.test"]);
    expect(stream.fields("forwarded")).toEqual(["for=127.0.0.1;host=app.test;proto=http"]);
    stream.say(
      "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: X-Hop\r\nX-Hop: 1\r\n" +
        "Keep-Alive: 9\r\ncontent-length: 0",
      true,
    );
    await client.has("\r\n\r\n");
    expect(client.text).toContain("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n");
    expect(client.text).not.toMatch(/x-hop|keep-alive/i);
  });

  test("a trusted proxy's word on the client is kept, and counts as its address", async () => {
    await using kit = await FrontKit.start({ trusted: ["127.0.0.0/8"] });
    kit.send(
      "GET / HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\r\n",
    );
    const stream = await kit.stream();
    expect(stream.field("x-forwarded-for")).toBe("192.0.2.7, 127.0.0.1");
    expect(stream.field("x-forwarded-proto")).toBe("https");
    expect(kit.errands[0]!.client.address).toBe("192.0.2.7");
  });

  test.each([
    { name: "a client's good id is kept", said: "abc-1.2:3", kept: true },
    { name: "another is replaced", said: 'a"b', kept: false },
  ])("request id: $name", async ({ said, kept }) => {
    await using kit = await FrontKit.start();
    const client = kit.send(`GET / HTTP/1.1\r\nHost: app.test\r\nX-Request-Id: ${said}\r\n\r\n`);
    const stream = await kit.stream();
    const ids = stream.fields("x-request-id");
    expect(ids).toHaveLength(1);
    expect(ids[0] === said).toBe(kept);
    stream.answer("200 OK", "x");
    await client.has("\r\n\r\nx");
    expect(client.text).toContain(`x-request-id: ${ids[0]}\r\n`);
  });
});

describe("bodies over HTTP/1.1", () => {
  test("uploads of any size arrive whole, with back-pressure", async () => {
    await using kit = await FrontKit.start();
    const body = randomBytes(3_000_000);
    const client = kit.send(post(`content-length: ${body.length}`));
    client.send(body);
    const stream = await kit.stream();
    stream.consuming = false;
    await stream.until((s) => s.bytes >= 16_000);
    stream.catchUp();
    await stream.requested();
    expect(createHash("sha256").update(stream.body).digest("hex")).toBe(
      createHash("sha256").update(body).digest("hex"),
    );
    stream.answer("201 Created");
    await client.has("201 Created");
  });

  test("a chunked upload travels without its chunks, with its trailers", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send(post("transfer-encoding: chunked"));
    const stream = await kit.stream();
    expect(stream.field("transfer-encoding")).toBe("chunked");
    client.send("5\r\nhello\r\n");
    await stream.until((s) => s.text === "hello");
    client.send("1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n");
    await stream.requested();
    expect(stream.text).toBe("hello!");
    expect(stream.trailers).toBe("X-Sum: 1\r\n");
  });

  test("an answer of unknown length leaves in chunks as it comes, with trailers", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send(GET);
    const stream = await kit.stream();
    stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream");
    stream.write("data: 1\n\n");
    await client.has("9\r\ndata: 1\n\n\r\n");
    stream.write("data: 2\n\n");
    await client.has("9\r\ndata: 2\n\n\r\n");
    stream.opened.trailers(Buffer.from("x-sum: 2\r\n"));
    await client.has("0\r\nx-sum: 2\r\n\r\n");
  });

  test("HTTP/1.0 gets it until the connection closes", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n");
    const stream = await kit.stream();
    stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
    stream.write("part", true);
    await client.over();
    expect(client.text).toMatch(/connection: close\r\n\r\npart$/);
  });

  test("HTTP/1.0 with keep-alive keeps the connection where lengths are known", async () => {
    await using kit = await FrontKit.start();
    kit.onStream = (stream) => stream.answer("200 OK", "ok");
    const request = "GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n";
    const client = kit.send(request);
    await client.has("connection: keep-alive\r\n\r\nok");
    client.send(request);
    await client.until((got) => got.text.split("\r\n\r\nok").length === 3);
  });

  test.each([
    { method: "HEAD", answer: "200 OK\r\ncontent-length: 5", want: /content-length: 5\r\n\r\n$/ },
    { method: "HEAD", answer: "200 OK\r\ntransfer-encoding: chunked", want: /\r\n\r\n$/ },
    {
      method: "GET",
      answer: "204 No Content",
      want: /^HTTP\/1.1 204 No Content\r\nx-req[^\r]+\r\n\r\n$/,
    },
    {
      method: "GET",
      answer: "304 Not Modified\r\ncontent-length: 9",
      want: /content-length: 9\r\n\r\n$/,
    },
  ])("$method answered $answer has no body", async ({ method, answer, want }) => {
    await using kit = await FrontKit.start();
    const client = kit.send(GET.replace("GET", method));
    (await kit.stream()).say(`HTTP/1.1 ${answer}`, true);
    await client.has("\r\n\r\n");
    expect(client.text).toMatch(want);
    kit.onStream = (stream) => stream.answer("200 OK", "next");
    client.send(GET);
    await client.has("next");
  });

  test("100-continue is asked of the service, and its word passed on", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send(post("content-length: 2\r\nExpect: 100-continue"));
    const stream = await kit.stream();
    expect(stream.field("expect")).toBe("100-continue");
    expect(client.text).toBe("");
    stream.say("HTTP/1.1 100 Continue");
    await client.has("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    await stream.requested();
    stream.answer("200 OK", "done");
    await client.has("done");
  });

  test("early hints pass before the answer; a 100 that nobody asked for does not", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send(GET);
    const stream = await kit.stream();
    stream.say("HTTP/1.1 100 Continue");
    stream.say("HTTP/1.1 103 Early Hints\r\nLink: </a.css>");
    stream.answer("200 OK", "x");
    await client.has("\r\n\r\nx");
    expect(client.text).toMatch(
      /^HTTP\/1.1 103 Early Hints\r\nLink: <\/a.css>\r\n\r\nHTTP\/1.1 200/,
    );
  });

  test("an answer before the upload's end reaches the client, and the connection ends", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send(post("content-length: 1000000"));
    client.send("x".repeat(1_000));
    const stream = await kit.stream();
    await stream.until((s) => s.bytes === 1_000);
    stream.answer("401 Unauthorized", "no");
    await client.over();
    expect(client.text).toMatch(/connection: close\r\n\r\nno$/);
    expect((await stream.until((s) => s.error !== undefined)).error!.code).toBe("cancelled");
  });

  test("a service that stops an upload still gets its answer out", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send(post("content-length: 3000000"));
    const stream = await kit.stream();
    stream.consuming = false;
    client.send(Buffer.alloc(500_000));
    await stream.until((s) => s.bytes >= 16_000);
    stream.opened.stop();
    await stream.requested();
    stream.answer("413 Content Too Large", "no");
    await client.has("\r\n\r\nno");
  });

  test("a slow reader stops its own stream and no other", async () => {
    await using kit = await FrontKit.start();
    const slow = kit.send(GET);
    slow.socket.pause();
    const stream = await kit.stream();
    stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
    // More than the sockets' buffers and all credit hold.
    const piece = randomBytes(65_536);
    let sent = 0;
    while (sent < 400) {
      sent++;
      if (!stream.write(piece)) break;
      if (sent % 4 === 0) await new Promise(setImmediate);
    }
    kit.onStream = (other) => other.answer("200 OK", "quick");
    const quick = kit.send(GET);
    await quick.has("quick");
    for (; sent < 400; sent++) stream.write(piece);
    stream.opened.end();
    slow.socket.resume();
    await slow.until((client) => client.received > 400 * 65_536);
    await slow.has("\r\n0\r\n\r\n");
  });
});

describe("endings over HTTP/1.1", () => {
  test.each([
    { name: "a client that goes away", leave: "destroy" as const },
    { name: "a client that closes its side before its answer is complete", leave: "end" as const },
  ])("$name cancels its request", async ({ leave }) => {
    await using kit = await FrontKit.start();
    const client = kit.send(GET);
    const stream = await kit.stream();
    stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
    stream.write("begun");
    await client.has("begun");
    const leftAt = performance.now();
    client.socket[leave]();
    expect((await stream.until((s) => s.error !== undefined)).error!.code).toBe("cancelled");
    expect(performance.now() - leftAt).toBeLessThan(1_000);
    expect(kit.front.inFlight).toBe(0);
  });

  test("a client that goes away while an agent is looked for leaves no stream behind", async () => {
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const wait = (): Promise<void> => {
      asked.resolve();
      return gate.promise;
    };
    await using kit = await FrontKit.start({ gate: wait });
    const client = kit.send(GET);
    await asked.promise;
    client.socket.destroy();
    await kit.log.line((line) => line.fields["status"] === 499);
    gate.resolve();
    kit.onStream = (stream) => stream.answer("200 OK", "next");
    await kit.send(GET).has("next");
    expect(kit.streams).toHaveLength(1);
  });

  test.each([
    { name: "a reset", error: "upstream_failed" as const, status: 502 },
    { name: "a lost tunnel", error: "tunnel_lost" as const, status: 502 },
    { name: "no answer in time", error: "upstream_timeout" as const, status: 504 },
  ])("$name before the answer is said as $status", async ({ error, status }) => {
    await using kit = await FrontKit.start();
    const client = kit.send(GET);
    (await kit.stream()).opened.reset(new WireError(error, "secret detail"));
    await client.has(error);
    expect(client.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(client.text).not.toContain("secret");
    kit.onStream = (stream) => stream.answer("200 OK", "next");
    client.send(GET);
    await client.has("next");
  });

  test("an answer that breaks off breaks the connection off", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send(GET);
    const stream = await kit.stream();
    stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
    stream.write("part");
    await client.has("part");
    stream.opened.reset(new WireError("tunnel_lost", ""));
    await client.until((c) => c.closed);
    expect(client.error?.code).toBe("ECONNRESET");
    expect(client.text).not.toContain("\r\n0\r\n");
  });

  test.each([
    { name: "no HTTP", say: "nonsense" },
    { name: "two lengths", say: "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2" },
    {
      name: "an upgrade that nobody asked for",
      say: "HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: x",
    },
  ])("a service that answers with $name is 502", async ({ say }) => {
    await using kit = await FrontKit.start();
    const client = kit.send(GET);
    const stream = await kit.stream();
    stream.say(say);
    await client.has("upstream_failed");
    await stream.until((s) => s.error !== undefined);
  });

  test.each([
    { name: "longer", body: "123456" },
    { name: "shorter", body: "1234" },
  ])("a body that is $name than announced ends the connection", async ({ body }) => {
    await using kit = await FrontKit.start();
    const client = kit.send(GET);
    const stream = await kit.stream();
    stream.say("HTTP/1.1 200 OK\r\ncontent-length: 5");
    stream.write(body, true);
    await client.until((c) => c.closed);
    expect(client.error?.code).toBe("ECONNRESET");
  });

  test("a request that was refused unread goes elsewhere with its body", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send(`${post("content-length: 5")}hello`);
    const first = await kit.stream();
    await first.requested();
    first.opened.reset(new WireError("refused", "draining"));
    const second = await (await kit.stream()).requested();
    expect(second.text).toBe("hello");
    second.answer("200 OK", "took it");
    await client.has("took it");
  });

  test("a request that everybody refuses is 503", async () => {
    await using kit = await FrontKit.start();
    kit.onStream = (stream) => stream.opened.reset(new WireError("refused", ""));
    const client = kit.send(GET);
    await client.has("503 Service Unavailable");
    expect(kit.streams).toHaveLength(4);
  });
});

describe("what the gateway answers itself", () => {
  test.each([
    {
      name: "an unknown host",
      send: GET.replace("app", "no"),
      want: "404 Not Found",
      closes: false,
    },
    {
      name: "an ambiguous path",
      send: GET.replace(" / ", " /a/../b "),
      want: "400 Bad Request",
      closes: false,
    },
    {
      name: "two lengths",
      send: post("content-length: 1\r\ncontent-length: 1"),
      want: "400 Bad Request",
      closes: true,
    },
    {
      name: "length and chunks",
      send: post("content-length: 1\r\ntransfer-encoding: chunked"),
      want: "400",
      closes: true,
    },
    {
      name: "a bare LF",
      send: "GET / HTTP/1.1\nHost: app.test\n\n\r\n\r\n",
      want: "400",
      closes: true,
    },
    {
      name: "CONNECT",
      send: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
      want: "501",
      closes: true,
    },
    {
      name: "another host in the target",
      send: GET.replace(" / ", " http://evil.test/ "),
      want: "400",
      closes: true,
    },
    {
      name: "a head of more than 64 KiB",
      send: `GET /${"a".repeat(66_000)} HTTP/1.1\r\n`,
      want: "431",
      closes: true,
    },
    {
      name: "a malformed chunk",
      send: `${post("transfer-encoding: chunked")}zz\r\n`,
      want: "400",
      closes: true,
    },
  ])("$name", async ({ send, want, closes }) => {
    await using kit = await FrontKit.start();
    const client = kit.send(send);
    await client.has(`HTTP/1.1 ${want}`);
    if (closes) await client.over();
    expect(client.text.includes("connection: close")).toBe(closes);
  });

  test("too large a body is 413, announced or not", async () => {
    await using kit = await FrontKit.start({ route: { policy: { max_body_bytes: 10 } } });
    const announced = kit.send(post("content-length: 11"));
    await announced.has("413 ");
    const chunked = kit.send(
      `${post("transfer-encoding: chunked")}8\r\n12345678\r\n8\r\n12345678\r\n`,
    );
    await chunked.has("413 ");
    expect(kit.streams.length).toBeLessThanOrEqual(1);
  });

  test("too many requests are 429 with a time to wait; a small body is read past", async () => {
    await using kit = await FrontKit.start({
      route: { policy: { rate: { per_second: 0.1, burst: 1 } } },
    });
    kit.onStream = (stream) => stream.answer("200 OK", "first");
    const client = kit.send(GET);
    await client.has("first");
    client.send(`${post("content-length: 3")}abc`);
    await client.has("429 Too Many Requests");
    expect(client.text).toMatch(/retry-after: \d+/);
    client.send(GET);
    await client.until((got) => got.text.split("429 Too").length === 3);
  });

  test("addresses that are not allowed in, and passwords", async () => {
    await using kit = await FrontKit.start({
      routes: [
        { host: "closed.test", service: "a", port: 1, policy: { allow: ["10.0.0.0/8"] } },
        { host: "locked.test", service: "a", port: 1, policy: { basic_auth: ["nobody:x"] } },
      ],
    });
    await kit.send(GET.replace("app", "closed")).has("403 Forbidden");
    const locked = kit.send(GET.replace("app", "locked"));
    await locked.has("401 Unauthorized");
    expect(locked.text).toContain("www-authenticate: Basic");
  });

  test("the health path, where no route is, and truthfully", async () => {
    let ready = true;
    await using kit = await FrontKit.start({ deps: { ready: () => ready } });
    kit.onStream = (stream) => stream.answer("200 OK", "the app's own");
    const client = kit.send("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await client.has("200 OK");
    ready = false;
    client.send("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await client.has("503 ");
    client.send("GET /health HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await client.has("the app's own");
  });

  test("reserved paths go to who asked for them, with all that was read", async () => {
    const heard: ReservedRequest[] = [];
    await using kit = await FrontKit.start({
      deps: {
        onReserved: (request) => {
          heard.push(request);
          request.socket.on("data", (chunk) => request.socket.write(`echo ${String(chunk)}`));
          request.socket.write(`rest ${Buffer.from(request.rest).toString()}`);
        },
      },
    });
    const client = kit.send(
      "GET /.well-known/warren/tunnel HTTP/1.1\r\nHost: any\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nearly",
    );
    await client.has("rest early");
    client.send("more");
    await client.has("echo more");
    expect(heard[0]!.head.upgrade).toBe("websocket");
    expect(heard[0]!.client.address).toBe("127.0.0.1");
    heard[0]!.socket.destroy();
  });

  test("a request is logged once, without its query", async () => {
    await using kit = await FrontKit.start();
    kit.onStream = (stream) => stream.answer("200 OK", "hello");
    kit.send("GET /p?secret=1 HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const line = await kit.log.line(({ msg }) => msg === "Gateway proxy request");
    expect(line.fields).toMatchObject({ path: "/p", status: 200, bytes_out: 5, host: "app.test" });
  });
});

describe("time, over HTTP/1.1", () => {
  const clocked = (settings = {}) => {
    const clock = virtualClock();
    return FrontKit.start({ clock, settings }).then((kit) => ({ kit, clock }));
  };

  test("a head that comes too slowly is 408; one that comes fast enough is not", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    const slow = kit.send("GET / HTTP/1.1\r\nHost: app.test\r\n");
    const fine = kit.send("GET / HTTP/1.1\r\nHost: app.test\r\n");
    // Heard when an answer to something later on the same listener is.
    await kit.send(GET.replace("app", "no")).has("404");
    clock.advance(29_000);
    fine.send(`X-Long: ${"a".repeat(2_000)}\r\n`);
    await kit.send(GET.replace("app", "no")).has("404");
    clock.advance(2_000);
    await slow.has("408 Request Timeout");
    fine.send("\r\n");
    (await kit.stream()).answer("200 OK", "in time");
    await fine.has("in time");
  });

  test("a body that comes too slowly is 408 while there is credit for it", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    const client = kit.send(`${post("content-length: 100000")}x`);
    const stream = await kit.stream();
    await stream.until((s) => s.bytes === 1);
    clock.advance(31_000);
    await client.has("408 Request Timeout");
    expect((await stream.until((s) => s.error !== undefined)).error!.code).toBe("request_timeout");
  });

  test("a service that does not read is its own fault: 504, not 408", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    const client = kit.send(post("content-length: 3000000"));
    client.send(Buffer.alloc(3_000_000));
    const stream = await kit.stream();
    stream.consuming = false;
    await stream.until((s) => s.bytes >= 16_000);
    clock.advance(31_000);
    await client.has("504 Gateway Timeout");
  });

  test("the time to the answer counts from the last byte of the body", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    const client = kit.send(post("content-length: 4000"));
    const stream = await kit.stream();
    clock.advance(20_000);
    client.send("a".repeat(2_000));
    await stream.until((s) => s.bytes === 2_000);
    clock.advance(20_000);
    client.send("a".repeat(2_000));
    await stream.requested();
    clock.advance(29_000);
    expect(client.text).toBe("");
    clock.advance(2_000);
    await client.has("504 Gateway Timeout");
  });

  test("once the answer has begun there is no limit", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    const client = kit.send(GET);
    const stream = await kit.stream();
    stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
    await client.has("\r\n\r\n");
    clock.advance(3_600_000);
    stream.write("still here", true);
    await client.has("still here");
  });

  test("an idle connection is closed, quietly", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    kit.onStream = (stream) => stream.answer("200 OK", "x");
    const client = kit.send(GET);
    await client.has("\r\n\r\nx");
    const { length } = client.text;
    clock.advance(60_000);
    expect(client.ended).toBe(false);
    clock.advance(16_000);
    await client.over();
    expect(client.text).toHaveLength(length);
  });
});

test("an errand's kind says what may come of it", async () => {
  await using kit = await FrontKit.start();
  kit.send(GET);
  expect((await kit.stream()).kind).toBe(KIND.http);
});
