import { describe, expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

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
  test("no route is 404", async () => {
    await using kit = await FrontKit.start();
    const client = kit.send(GET.replace("app.test", "other.test"));
    await client.has("no_route");
    expect(client.text).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
  });
});
