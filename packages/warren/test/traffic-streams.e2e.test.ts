import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as http from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import * as https from "node:https";
import { testCertificates } from "@warren/host/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Heard } from "./_kit/heard.ts";
import { Joined } from "./_kit/joined.ts";
import { slowClient } from "./_kit/slow-client.ts";
import {
  FRONT_PROTOCOLS,
  session,
  valuesOf,
  type Entry,
  type FrontProtocol,
} from "./_kit/web-client.ts";
import { serving, webService, type Listener, type WebService } from "./_kit/web-service.ts";

const BEHIND = ["http", "h2c"] as const;
const HOSTS = BEHIND.map((protocol) => `${protocol}.test`);
const certificates = testCertificates(HOSTS);
const owned = new AsyncDisposableStack();
let joined: Joined;
const services: WebService[] = [];

type Exchange = { request: http.IncomingMessage; response: http.ServerResponse };
/** The next request at the service, which a test answers by hand. */
let arrived = Promise.withResolvers<Exchange>();
const listener: Listener = (request, response) => arrived.resolve({ request, response });

beforeAll(async () => {
  const routes = [];
  for (const protocol of BEHIND) {
    const service = owned.use(await webService(protocol, listener));
    services.push(service);
    routes.push(routeTo(`${protocol}.test`, service.port, { protocol }));
  }
  joined = owned.use(
    await Joined.start({ routes, certificates: { streams: certificates.server } }),
  );
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  arrived = Promise.withResolvers();
});

const entry = (host: string): Entry => ({
  port: joined.port,
  tlsPort: joined.tlsPort,
  ca: certificates.ca,
  host,
});
const slowly = (front: FrontProtocol, host: string) => slowClient(front, entry(host));

const pairs = FRONT_PROTOCOLS.flatMap((front) => BEHIND.map((behind) => ({ front, behind })));

describe.each(pairs)("streams over $front in front, $behind behind", ({ front, behind }) => {
  const host = `${behind}.test`;

  test("an answer is not buffered: each event is there before the next is written", async () => {
    using client = slowly(front, host);
    client.end();
    const { response } = await arrived.promise;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: begin\n\n");
    expect(await client.status).toBe(200);
    const heard = await client.heard;
    await heard.next("data: begin\n\n");
    for (let n = 0; n < 10; n++) {
      response.write(`data: ${n}\n\n`);
      await heard.next(`data: ${n}\n\n`);
    }
    response.end();
    expect(await heard.over()).toBe("whole");
  });

  test("an upload is not buffered: each piece is there before the next is sent", async () => {
    using client = slowly(front, host);
    const { request, response } = await arrived.promise;
    const heard = new Heard(request);
    for (let n = 0; n < 10; n++) {
      client.write(`piece ${n}`);
      await heard.next(`piece ${n}`);
    }
    client.end();
    expect(await heard.over()).toBe("whole");
    response.writeHead(201).end();
    expect(await client.status).toBe(201);
  });

  test("both directions go on at once, in lock-step, after an early answer", async () => {
    using client = slowly(front, host);
    const { request, response } = await arrived.promise;
    response.writeHead(200);
    flush(response);
    expect(await client.status).toBe(200);
    const up = new Heard(request);
    const down = await client.heard;
    for (let n = 0; n < 10; n++) {
      client.write(`up ${n}`);
      await up.next(`up ${n}`);
      response.write(`down ${n}`);
      await down.next(`down ${n}`);
    }
    client.end();
    expect(await up.over()).toBe("whole");
    response.end();
    expect(await down.over()).toBe("whole");
  });

  test("an early answer ends a request that is still being sent", async () => {
    using client = slowly(front, host);
    client.write("the beginning");
    const { response } = await arrived.promise;
    response.writeHead(403).end("no");
    expect(await client.status).toBe(403);
    const heard = await client.heard;
    await heard.next("no");
  });

  test("a client that goes before the answer is noticed by the service within a second", async () => {
    using client = slowly(front, host);
    client.write("half");
    const { request, response } = await arrived.promise;
    await new Heard(request).next("half");
    const gone = once(response, "close");
    const since = performance.now();
    client.cancel();
    await gone;
    expect(performance.now() - since).toBeLessThan(1_000);
  });

  test("a client that goes in the middle of the answer is noticed within a second", async () => {
    using client = slowly(front, host);
    client.end();
    const { response } = await arrived.promise;
    response.write("first");
    await (await client.heard).next("first");
    const gone = once(response, "close");
    const since = performance.now();
    client.cancel();
    await gone;
    expect(performance.now() - since).toBeLessThan(1_000);
  });

  test("an answer that breaks off is never taken for a whole one", async () => {
    using client = slowly(front, host);
    client.end();
    const { response } = await arrived.promise;
    response.write("first");
    const heard = await client.heard;
    await heard.next("first");
    breakOff(response);
    expect(await heard.over()).toBe("broken");
  });
});

/** Heads of both kinds of Node's responses wait for a body or this. */
function flush(response: http.ServerResponse): void {
  if (response.flushHeaders === undefined) response.write("");
  else response.flushHeaders();
}

function breakOff(response: http.ServerResponse): void {
  const { stream } = response as { stream?: ServerHttp2Stream };
  if (stream === undefined) response.socket!.destroy();
  else stream.close(constants.NGHTTP2_INTERNAL_ERROR);
}

const expectation = (plain: boolean) => {
  const options = {
    host: "127.0.0.1",
    method: "POST",
    headers: { host: "http.test", expect: "100-continue", "content-length": "4" },
    agent: false as const,
  };
  const request = plain
    ? http.request({ ...options, port: joined.port })
    : https.request({
        ...options,
        port: joined.tlsPort,
        ca: certificates.ca,
        servername: "http.test",
      });
  request.flushHeaders();
  return request;
};

describe("Expect: 100-continue", () => {
  test.each([{ plain: true }, { plain: false }])(
    "that the service accepts lets the body come (plain: $plain)",
    async ({ plain }) => {
      const request = expectation(plain);
      // Node's server says 100 by itself.
      await once(request, "continue");
      const { request: got, response } = await arrived.promise;
      request.end("body");
      await new Heard(got).next("body");
      response.end("ok");
      const [answer] = (await once(request, "response")) as [http.IncomingMessage];
      expect(answer.statusCode).toBe(200);
      answer.resume();
    },
  );

  test("that the service refuses is its 417, and no body is sent", async () => {
    const server = http.createServer();
    server.on("checkContinue", (_request, response: http.ServerResponse) =>
      response.writeHead(417, { "x-why": "too much" }).end(),
    );
    using service = await serving(server);
    await using other = await Joined.start({ routes: [routeTo("http.test", service.port)] });
    const request = http.request({
      host: "127.0.0.1",
      port: other.port,
      method: "POST",
      headers: { host: "http.test", expect: "100-continue", "content-length": "4" },
      agent: false,
    });
    let continued = false;
    request.on("continue", () => (continued = true)).flushHeaders();
    const [answer] = (await once(request, "response")) as [http.IncomingMessage];
    request.on("error", () => {});
    expect(answer.statusCode).toBe(417);
    expect(answer.headers["x-why"]).toBe("too much");
    expect(continued).toBe(false);
    request.destroy();
  });

  test("over HTTP/2, to either kind of service", async () => {
    for (const host of HOSTS) {
      arrived = Promise.withResolvers();
      const client = session(true, entry(host));
      const head = { ":method": "POST", ":authority": host, expect: "100-continue" };
      const request = client.request(head);
      await once(request, "continue");
      request.end("body");
      const { request: got, response } = await arrived.promise;
      await new Heard(got).next("body");
      response.end("ok");
      await once(request, "response");
      client.destroy();
    }
  });
});

describe("an early answer to a large upload", () => {
  test.each(FRONT_PROTOCOLS)(
    "is read whole by a client that goes on sending (%s)",
    async (front) => {
      for (const host of HOSTS) {
        arrived = Promise.withResolvers();
        using client = slowly(front, host);
        for (let n = 0; n < 20; n++) client.write("x".repeat(1_000_000));
        const { response } = await arrived.promise;
        const body = "n".repeat(100_000);
        response.writeHead(413).end(body);
        expect(await client.status).toBe(413);
        await (await client.heard).next(body);
      }
    },
  );
});

test("a connection of HTTP/2 that vanishes cancels all its requests within a second", async () => {
  const client = session(true, entry("http.test"));
  const gone = [];
  for (let n = 0; n < 5; n++) {
    arrived = Promise.withResolvers();
    client.request({ ":authority": "http.test" }).on("error", () => {});
    gone.push(once((await arrived.promise).response, "close"));
  }
  const since = performance.now();
  client.destroy();
  await Promise.all(gone);
  expect(performance.now() - since).toBeLessThan(1_000);
});

test("a service of HTTP/2 that vanishes breaks its answers off at once", async () => {
  using client = slowly("h1", "h2c.test");
  client.end();
  const { response } = await arrived.promise;
  response.write("first");
  const heard = await client.heard;
  await heard.next("first");
  for (const service of services) service.vanish();
  expect(await heard.over()).toBe("broken");
  // The next request gets a connection of its own.
  arrived = Promise.withResolvers();
  using next = slowly("h1", "h2c.test");
  next.end();
  (await arrived.promise).response.end("ok");
  expect(await next.status).toBe(200);
});

describe("informational answers", () => {
  test("103 reaches clients of HTTP/1.1 and HTTP/2 before the final answer", async () => {
    const link = "</style.css>; rel=preload; as=style";
    for (const host of HOSTS) {
      arrived = Promise.withResolvers();
      const request = http.request({
        host: "127.0.0.1",
        port: joined.port,
        headers: { host },
        agent: false,
      });
      const hints = once(request.end(), "information");
      const first = await arrived.promise;
      first.response.writeEarlyHints({ link });
      const [information] = (await hints) as [http.InformationEvent];
      expect(information.statusCode).toBe(103);
      expect(information.headers["link"]).toBe(link);
      first.response.end("final");
      const [answer] = (await once(request, "response")) as [http.IncomingMessage];
      expect(answer.statusCode).toBe(200);
      answer.resume();

      arrived = Promise.withResolvers();
      const client = session(false, entry(host));
      const stream = client.request({ ":authority": host });
      const early = once(stream, "headers");
      const second = await arrived.promise;
      second.response.writeEarlyHints({ link });
      const [fields] = (await early) as [Record<string, unknown>];
      expect(fields).toMatchObject({ ":status": 103, link });
      second.response.end("final");
      const [head] = (await once(stream, "response")) as [Record<string, unknown>];
      expect(head[":status"]).toBe(200);
      client.destroy();
    }
  });
});

describe("half-close", () => {
  test("of HTTP/2: a client that has said all is still answered at length", async () => {
    using client = slowly("h2c", "h2c.test");
    client.write("all");
    client.end();
    const { request, response } = await arrived.promise;
    expect(await new Heard(request).over()).toBe("whole");
    const part = randomBytes(100_000).toString("hex");
    response.write(part);
    const heard = await client.heard;
    await heard.next(part);
    response.end();
    expect(await heard.over()).toBe("whole");
  });

  test("of HTTP/2: a service may end its answer and hear no more, without an error", async () => {
    using client = slowly("h2c", "h2c.test");
    const { response } = await arrived.promise;
    response.writeHead(200).end("done");
    expect(await client.status).toBe(200);
    const heard = await client.heard;
    await heard.next("done");
    expect(await heard.over()).toBe("whole");
  });
});

test("repeated fields of HTTP/2 stay apart and in order, cookie crumbs become one", async () => {
  const client = session(true, entry("http.test"));
  const stream = client.request([
    ":method",
    "GET",
    ":path",
    "/",
    ":scheme",
    "http",
    ":authority",
    "http.test",
    "x-a",
    "1",
    "cookie",
    "a=1",
    "x-b",
    "2",
    "cookie",
    "b=2",
    "x-a",
    "3",
  ]);
  const { request, response } = await arrived.promise;
  const got = { fields: request.rawHeaders };
  expect(valuesOf(got, "x-a")).toEqual(["1", "3"]);
  expect(valuesOf(got, "cookie")).toEqual(["a=1; b=2"]);
  response.setHeader("x-many", ["1", "2", "3"]);
  response.end();
  const [, , raw] = (await once(stream, "response")) as [unknown, unknown, string[]];
  expect(valuesOf({ fields: raw }, "x-many")).toEqual(["1", "2", "3"]);
  client.destroy();
});
