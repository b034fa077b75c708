import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const post = (more: string): string => `POST /up HTTP/1.1\r\nHost: app.test\r\n${more}\r\n\r\n`;

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
    stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum");
    stream.write("part");
    stream.opened.trailers(Buffer.from("x-sum: 2\r\n"));
    await client.over();
    expect(client.text).toMatch(/connection: close\r\n\r\npart$/);
    expect(client.text).not.toMatch(/trailer|x-sum/);
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
