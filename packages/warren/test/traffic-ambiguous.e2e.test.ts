import { answering, rawClient, RawService } from "@warren/host/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { exchange } from "./_kit/web-client.ts";

const owned = new AsyncDisposableStack();
let joined: Joined;
let service: RawService;

beforeAll(async () => {
  service = owned.use(await RawService.start());
  joined = owned.use(await Joined.start({ routes: [routeTo("app.test", service.port)] }));
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  for (const end of service.connections.splice(0)) end[Symbol.dispose]();
  service.onConnection = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
});

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nhost: app.test\r\n\r\n";
const post = (fields: string, body = "") =>
  `POST / HTTP/1.1\r\nhost: app.test\r\n${fields}\r\n\r\n${body}${SMUGGLED}`;
const get = (line: string, fields = "host: app.test") => `${line}\r\n${fields}\r\n\r\n${SMUGGLED}`;
const CHUNKED = "transfer-encoding: chunked";

const refused = [
  {
    name: "content-length with transfer-encoding",
    sent: post(`content-length: 5\r\n${CHUNKED}`, "0\r\n\r\n"),
  },
  {
    name: "transfer-encoding with content-length",
    sent: post(`${CHUNKED}\r\ncontent-length: 5`, "0\r\n\r\n"),
  },
  { name: "two lengths", sent: post("content-length: 5\r\ncontent-length: 0", "hello") },
  { name: "two equal lengths", sent: post("content-length: 5\r\ncontent-length: 5", "hello") },
  { name: "a list of lengths", sent: post("content-length: 5, 5", "hello") },
  { name: "a signed length", sent: post("content-length: +5", "hello") },
  { name: "a negative length", sent: post("content-length: -1") },
  { name: "a hexadecimal length", sent: post("content-length: 0x5", "hello") },
  { name: "an empty length", sent: post("content-length:", "") },
  { name: "a length beyond numbers", sent: post("content-length: 99999999999999999999") },
  { name: "a length with a comma", sent: post("content-length: 5,", "hello") },
  { name: "two codings", sent: post("transfer-encoding: gzip, chunked", "0\r\n\r\n") },
  { name: "chunked twice", sent: post(`${CHUNKED}, chunked`, "0\r\n\r\n") },
  { name: "two coding fields", sent: post(`${CHUNKED}\r\n${CHUNKED}`, "0\r\n\r\n") },
  { name: "identity", sent: post("transfer-encoding: identity", "hello") },
  { name: "a coding with a tab", sent: post("transfer-encoding:\tx\tchunked", "0\r\n\r\n") },
  { name: "a coding in quotes", sent: post('transfer-encoding: "chunked"', "0\r\n\r\n") },
  { name: "a coding with a vertical tab", sent: post("transfer-encoding: \vchunked", "0\r\n\r\n") },
  { name: "a coding with a parameter", sent: post("transfer-encoding: chunked;a=b", "0\r\n\r\n") },
  { name: "an empty coding", sent: post("transfer-encoding: ", "hello") },
  {
    name: "a coding in HTTP/1.0",
    sent: post(CHUNKED, "0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0"),
  },
  { name: "a space before the colon", sent: post("content-length : 5", "hello") },
  { name: "a space before a name", sent: get("GET / HTTP/1.1", "host: app.test\r\n x: 1") },
  { name: "a folded line", sent: get("GET / HTTP/1.1", "host: app.test\r\nx: 1\r\n\tmore") },
  { name: "a folded first line", sent: get("GET / HTTP/1.1", " x: 1\r\nhost: app.test") },
  { name: "a bare LF between fields", sent: get("GET / HTTP/1.1", "host: app.test\nx: 1") },
  {
    name: "a bare LF behind the request line",
    sent: `GET / HTTP/1.1\nhost: app.test\r\n\r\n${SMUGGLED}`,
  },
  {
    name: "a bare LF at the end of the head",
    sent: `GET / HTTP/1.1\r\nhost: app.test\r\n\n${SMUGGLED}`,
  },
  { name: "a bare CR in a value", sent: get("GET / HTTP/1.1", "host: app.test\r\nx: a\rb: c") },
  { name: "NUL in a value", sent: get("GET / HTTP/1.1", "host: app.test\r\nx: a\0b") },
  { name: "NUL in a name", sent: get("GET / HTTP/1.1", "host: app.test\r\nx\0: a") },
  { name: "a name in quotes", sent: get("GET / HTTP/1.1", 'host: app.test\r\n"x": a') },
  { name: "an empty name", sent: get("GET / HTTP/1.1", "host: app.test\r\n: a") },
  { name: "a line without a colon", sent: get("GET / HTTP/1.1", "host: app.test\r\nnothing") },
  { name: "a name of other letters", sent: get("GET / HTTP/1.1", "host: app.test\r\n\u00e4: 1") },
  { name: "no Host", sent: get("GET / HTTP/1.1", "x: 1") },
  { name: "no Host in HTTP/1.0", sent: get("GET / HTTP/1.0", "x: 1") },
  { name: "two Hosts", sent: get("GET / HTTP/1.1", "host: app.test\r\nhost: app.test") },
  {
    name: "two different Hosts",
    sent: get("GET / HTTP/1.1", "host: app.test\r\nHost: other.test"),
  },
  { name: "an empty Host", sent: get("GET / HTTP/1.1", "host: ") },
  { name: "a Host with a path", sent: get("GET / HTTP/1.1", "host: app.test/x") },
  { name: "a Host with a user", sent: get("GET / HTTP/1.1", "host: user@app.test") },
  { name: "a Host with a scheme", sent: get("GET / HTTP/1.1", "host: http://app.test") },
  { name: "a Host with two ports", sent: get("GET / HTTP/1.1", "host: app.test:80:81") },
  { name: "a Host with a port that is none", sent: get("GET / HTTP/1.1", "host: app.test:x") },
  { name: "a Host that is a list", sent: get("GET / HTTP/1.1", "host: app.test, other.test") },
  { name: "a Host with spaces", sent: get("GET / HTTP/1.1", "host: app.test other.test") },
  { name: "another protocol", sent: get("GET / RTSP/1.1") },
  { name: "HTTP/2.0 in words", sent: get("GET / HTTP/2.0") },
  { name: "HTTP/1.2", sent: get("GET / HTTP/1.2") },
  { name: "HTTP/1.10", sent: get("GET / HTTP/1.10") },
  { name: "HTTP/01.1", sent: get("GET / HTTP/01.1") },
  { name: "http in lower case", sent: get("GET / http/1.1") },
  { name: "no version", sent: get("GET /") },
  { name: "two spaces before the target", sent: get("GET  / HTTP/1.1") },
  { name: "two spaces before the version", sent: get("GET /  HTTP/1.1") },
  { name: "a tab before the target", sent: get("GET\t/ HTTP/1.1") },
  { name: "a space at the end of the line", sent: get("GET / HTTP/1.1 ") },
  { name: "a space before the method", sent: get(" GET / HTTP/1.1") },
  { name: "a space in the target", sent: get("GET /a b HTTP/1.1") },
  { name: "a fragment", sent: get("GET /a#b HTTP/1.1") },
  { name: "a control character in the target", sent: get("GET /a\x01b HTTP/1.1") },
  { name: "other letters in the target", sent: get("GET /\u00e4 HTTP/1.1") },
  { name: "a target without a slash", sent: get("GET x HTTP/1.1") },
  { name: "an asterisk with GET", sent: get("GET * HTTP/1.1") },
  { name: "absolute-form of another host", sent: get("GET http://other.test/ HTTP/1.1") },
  { name: "absolute-form of another port", sent: get("GET http://app.test:81/ HTTP/1.1") },
  { name: "absolute-form with a user", sent: get("GET http://user@app.test/ HTTP/1.1") },
  { name: "absolute-form of another scheme", sent: get("GET ftp://app.test/ HTTP/1.1") },
  { name: "CONNECT", sent: get("CONNECT app.test:443 HTTP/1.1") },
  { name: "CONNECT to a path", sent: get("CONNECT / HTTP/1.1") },
  { name: "a method in lower case", sent: get("get / HTTP/1.1") },
  { name: "a method that nobody knows", sent: get("SMUGGLE / HTTP/1.1") },
  { name: "bytes of no protocol", sent: `\x00\x01\x02\x03\r\n\r\n${SMUGGLED}` },
];

describe("over HTTP/1.1", () => {
  test.each(refused)("$name never reaches the service", async ({ sent }) => {
    using client = rawClient(joined.port, sent);
    await client.over();
    expect(client.text).toMatch(/^HTTP\/1\.1 (400|501|505) /);
    // One answer, and nobody read on behind it.
    expect(client.text.match(/^HTTP\/1\.1 \d/gm)?.length).toBe(1);
    expect(service.connections.length).toBe(0);
  });

  const badChunks = [
    { name: "a size with a sign", body: "+5\r\nhello\r\n0\r\n\r\n" },
    { name: "a size with 0x", body: "0x5\r\nhello\r\n0\r\n\r\n" },
    { name: "a size with a space", body: "5 \r\nhello\r\n0\r\n\r\n" },
    { name: "a size beyond numbers", body: "fffffffffffffffff\r\nhello" },
    { name: "no size", body: "\r\nhello\r\n0\r\n\r\n" },
    { name: "a bare LF behind a size", body: "5\nhello\r\n0\r\n\r\n" },
    { name: "a bare LF behind a chunk", body: "5\r\nhello\n0\r\n\r\n" },
    { name: "more than its size", body: "5\r\nhello!\r\n0\r\n\r\n" },
    { name: "a bare LF in an extension", body: "5;a\n\r\nhello\r\n0\r\n\r\n" },
    { name: "a trailer that frames", body: "5\r\nhello\r\n0\r\ncontent-length: 5\r\n\r\n" },
    { name: "a trailer that names a host", body: "5\r\nhello\r\n0\r\nhost: other.test\r\n\r\n" },
    { name: "a malformed trailer", body: "5\r\nhello\r\n0\r\nx : 5\r\n\r\n" },
  ];
  test.each(badChunks)("a chunked body with $name is never completed", async ({ body }) => {
    service.onConnection = undefined;
    using client = rawClient(joined.port, post(CHUNKED, body));
    await client.over();
    expect(client.text).toMatch(/^HTTP\/1\.1 400 /);
    // What had begun is cut off: the service cannot take it for whole, and sees nothing behind it.
    if (service.connections.length > 0) await service.connections[0]!.until(({ closed }) => closed);
    expect(service.text).not.toContain("0\r\n\r\n");
    expect(service.text).not.toContain("smuggled");
  });

  test("what follows a whole request is the next request, and nothing else", async () => {
    using client = rawClient(joined.port, post("content-length: 5", "hello"));
    service.onConnection = undefined;
    const end = await (await service.connection()).has("hello");
    expect(end.text).not.toContain("smuggled");
    end.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    await end.has("GET /smuggled HTTP/1.1");
    expect(client.text.match(/HTTP\/1\.1 200/g)?.length).toBe(1);
  });

  const proxied = [
    {
      name: "same host",
      line: "GET http://app.test/x?y HTTP/1.1",
      host: "app.test",
      want: "GET /x?y ",
    },
    {
      name: "same host and port",
      line: "GET http://app.test:80 HTTP/1.1",
      host: "app.test",
      want: "GET / ",
    },
    { name: "https", line: "GET https://APP.test/ HTTP/1.1", host: "app.test", want: "GET / " },
  ];
  test.each(proxied)(
    "absolute-form of the $name loses its authority",
    async ({ line, host, want }) => {
      using client = rawClient(joined.port, `${line}\r\nhost: ${host}\r\n\r\n`);
      await client.has("\r\n\r\nok");
      expect(service.text.startsWith(want)).toBe(true);
    },
  );

  test("the gateway's own paths never reach a service, on whatever host", async () => {
    const entry = { port: joined.port, tlsPort: 0, ca: "", host: "app.test" };
    for (const front of ["h1", "h2c"] as const) {
      const answer = await exchange(front, entry, { path: "/.well-known/warren/other" });
      expect(answer.status).toBe(404);
    }
    expect(service.connections.length).toBe(0);
  });

  test("no other host is dialled for anybody", async () => {
    using victim = await RawService.start();
    const { port } = victim;
    const asked = [
      `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`,
      `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nhost: app.test\r\n\r\n`,
      `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`,
      `GET / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`,
      `GET / HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    ];
    for (const text of asked) {
      using client = rawClient(joined.port, text);
      await client.has("\r\n\r\n");
      expect(client.text).toMatch(/^HTTP\/1\.1 (400|404|501) /);
    }
    expect(victim.connections.length).toBe(0);
  });
});

describe("answers of a service that breaks HTTP", () => {
  const broken = [
    {
      name: "both lengths",
      answer: `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n${CHUNKED}\r\n\r\nok`,
    },
    {
      name: "two lengths",
      answer: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
    },
    { name: "a malformed length", answer: "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nok" },
    { name: "a bare LF", answer: "HTTP/1.1 200 OK\nx: 1\r\ncontent-length: 2\r\n\r\nok" },
    {
      name: "a folded line",
      answer: "HTTP/1.1 200 OK\r\nx: 1\r\n y\r\ncontent-length: 2\r\n\r\nok",
    },
    {
      name: "CR in a value",
      answer: "HTTP/1.1 200 OK\r\nx: 1\ry: 2\r\ncontent-length: 2\r\n\r\nok",
    },
    { name: "no status", answer: "HTTP/1.1 OK\r\ncontent-length: 2\r\n\r\nok" },
    { name: "too large a head", answer: `HTTP/1.1 200 OK\r\nx: ${"a".repeat(70_000)}\r\n\r\n` },
  ];
  test.each(broken)(
    "$name: 502, and the next request gets another connection",
    async ({ answer }) => {
      let first = true;
      service.onConnection = (end) => {
        const say = first ? answer : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        first = false;
        answering(say)(end);
      };
      using client = rawClient(joined.port, "GET / HTTP/1.1\r\nhost: app.test\r\n\r\n");
      await client.has("\r\n\r\n");
      expect(client.text).toMatch(/^HTTP\/1\.1 502 /);
      using next = rawClient(joined.port, "GET / HTTP/1.1\r\nhost: app.test\r\n\r\n");
      await next.has("\r\n\r\nok");
    },
  );

  test("bytes beyond an answer never become the next one", async () => {
    let connections = 0;
    service.onConnection = (end) => {
      const n = ++connections;
      const one = `HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${n}`;
      answering(n === 1 ? `${one}HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\npoisoned` : one)(end);
    };
    using client = rawClient(joined.port, "GET /1 HTTP/1.1\r\nhost: app.test\r\n\r\n");
    await client.has("\r\n\r\n1");
    client.send("GET /2 HTTP/1.1\r\nhost: app.test\r\n\r\n");
    await client.has("\r\n\r\n2");
    expect(client.text).not.toContain("poisoned");
  });
});
