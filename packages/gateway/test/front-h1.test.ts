import { WireError } from "@warren/wire";
import { describe, expect, test } from "vitest";
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
});

test("a client that sends far ahead of its turn is read no further", async () => {
  await using kit = await FrontKit.start();
  const client = kit.send(GET);
  const stream = await kit.stream();
  // More than the kernel's buffers hold.
  client.send(Buffer.alloc(40_000_000, GET));
  const other = kit.send(GET.replace("app", "no"));
  await other.has("404");
  expect(client.socket.writableLength).toBeGreaterThan(0);
  client.socket.destroy();
  // A reset is seen once the answer cannot be written.
  stream.answer("200 OK", "x".repeat(1_000));
});
