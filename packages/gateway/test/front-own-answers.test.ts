import { describe, expect, test } from "vitest";
import type { ReservedRequest } from "../src/front/front-context.ts";
import { FrontKit } from "./_front-kit.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const post = (more: string): string => `POST /up HTTP/1.1\r\nHost: app.test\r\n${more}\r\n\r\n`;

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

const asks = (password: string) =>
  `GET / HTTP/1.1\r\nHost: app.test\r\nAuthorization: Basic ${btoa(`ada:${password}`)}\r\n\r\n`;
const seldom = (burst: number) => ({ per_second: 0.001, burst });

describe("passwords", () => {
  const line = "ada:scrypt$2$1$1$c2FsdHNhbHQ$1pazaWFI7iSXJLTjb4ccs7OW1XPlIRFV-XIUMR_UnJg";

  test("cost their client before they are computed, their route only when they are right", async () => {
    const policy = { basic_auth: [line], client_rate: seldom(2), rate: seldom(1) };
    await using kit = await FrontKit.start({ route: { policy } });
    kit.onStream = (stream) => stream.answer("200 OK");
    const client = kit.connect();
    const answers: (string | undefined)[] = [];
    for (const password of ["guess 1", "secret", "guess 2"]) {
      const from = client.text.length;
      client.send(asks(password));
      await client.until(() => client.text.slice(from).includes("\r\n\r\n"));
      answers.push(client.text.slice(from + 9, from + 12));
    }
    // A third one would be 401 if it had been looked at.
    expect(answers).toEqual(["401", "200", "429"]);
  });
});
