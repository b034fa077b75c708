import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer as createHttps } from "node:https";
import { http2Frames } from "@warren/host/testing";
import { WireError } from "@warren/wire";
import { describe, expect, test } from "vitest";
import { JoinedAgent } from "../src/testing/index.ts";
import { rawService, serve } from "./_services.ts";

const target = (port: number) => [{ host: "127.0.0.1", port, protocol: "h2c" as const }];
const POST = "POST /x%2Fy?z HTTP/1.1\r\nhost: app.test\r\ntransfer-encoding: chunked";

function h2Service(
  onStream: (stream: ServerHttp2Stream, headers: Record<string, unknown>, raw: string[]) => void,
  options = {},
) {
  const server: Http2Server = createServer(options);
  server.on("stream", (stream: ServerHttp2Stream, headers, _flags, raw) => {
    stream.on("error", () => {});
    onStream(stream, headers, raw);
  });
  return serve(server, () => {});
}

const { answer, piece, reset } = http2Frames;

/** Says frames by hand when it has been asked. */
function framesService(says: Buffer) {
  return rawService((socket) => {
    let heard = Buffer.alloc(0);
    socket.write(http2Frames.settings());
    socket.on("data", (data: Buffer) => {
      const before = http2Frames.asked(heard);
      heard = Buffer.concat([heard, data]);
      if (!before && http2Frames.asked(heard)) socket.write(says);
    });
  });
}

describe("a request to an HTTP/2 service", () => {
  test("arrives with its fields in order, and body and trailers pass both ways", async () => {
    let seen: string[] = [];
    using service = await h2Service((stream, _headers, raw) => {
      seen = raw;
      let body = "";
      let sum = "";
      stream.on("data", (data: Buffer) => (body += data.toString()));
      stream.on("trailers", (trailers) => (sum = String(trailers["x-sum"])));
      stream.on("end", () => {
        stream.respond({ ":status": 200, "set-cookie": ["a=1", "b=2"] }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "x-out": sum }));
        stream.end(body);
      });
    });
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    const { stream, answer } = agent.open(`${POST}\r\nX-A: 1\r\nx-a: 2`, { ended: false });
    stream.write(Buffer.from("hello "), false);
    stream.write(Buffer.from("there"), false);
    stream.trailers(Buffer.from("x-sum: 42\r\n"));
    await answer.done();
    expect(answer.error).toBeUndefined();
    expect(answer.text).toBe("hello there");
    expect(answer.trailers).toBe("x-out: 42\r\n");
    expect(answer.head).toMatch(/^HTTP\/1\.1 200 \r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/);
    expect(seen.slice(0, 12)).toEqual([
      ":method",
      "POST",
      ":scheme",
      "http",
      ":authority",
      "app.test",
      ":path",
      "/x%2Fy?z",
      "x-a",
      "1",
      "x-a",
      "2",
    ]);
  });

  test("may have as many fields, and as long ones, as a gateway lets through", async () => {
    let asked = 0;
    const limits = { maxHeaderListPairs: 1_000, settings: { maxHeaderListSize: 100_000 } };
    using service = await h2Service((stream, _headers, raw) => {
      asked = raw.length / 2;
      const fields = Array.from({ length: 199 }, (_, i) => [`y-${i}`, "1"]);
      stream.respond({ ":status": 200, ...Object.fromEntries(fields) }, { endStream: true });
    }, limits);
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    let more = `\r\nlong: ${"\\".repeat(55_000)}`;
    for (let i = 0; i < 204; i++) more += `\r\nx-${i}: 1`;
    const answer = await agent.get("/", more);
    expect(answer.error).toBeUndefined();
    expect(asked).toBe(4 + 1 + 204 + 1);
    expect(answer.head.match(/^y-/gm)).toHaveLength(199);
    expect((await agent.get()).status).toBe(200);
    expect(service.connections.length).toBe(1);
  });

  test("many share one connection, more only as the service's limit asks for it", async () => {
    let open = 0;
    let most = 0;
    using service = await h2Service(
      (stream) => {
        most = Math.max(most, ++open);
        stream.on("close", () => open--);
        setImmediate(() => {
          stream.respond({ ":status": 200 });
          stream.end("x");
        });
      },
      { settings: { maxConcurrentStreams: 2 } },
    );
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    const answers = await Promise.all(Array.from({ length: 50 }, () => agent.get()));
    expect(answers.map((answer) => answer.text)).toEqual(answers.map(() => "x"));
    expect(service.connections.length).toBeLessThanOrEqual(8);
    expect(most).toBeLessThanOrEqual(16);
  });

  test("after a GOAWAY a new connection is used, and a refused stream goes out again", async () => {
    let asked = 0;
    using service = await h2Service((stream) => {
      if (++asked === 1) {
        stream.session!.goaway(0);
        stream.close(7);
        return;
      }
      stream.respond({ ":status": 200 });
      stream.end("again");
    });
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    expect((await agent.get()).text).toBe("again");
    expect(service.connections.length).toBe(2);
  });

  test("a reset by the service fails the stream, also in the middle of a body", async () => {
    using service = await h2Service((stream) => {
      stream.respond({ ":status": 200 });
      stream.write("half", () => stream.destroy(new Error("broken")));
    });
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    expect((await agent.get()).error?.code).toBe("upstream_failed");
  });

  const OK = [":status", "200"];
  test.each([
    { name: "after its head", says: [answer([OK]), reset()] },
    { name: "in its body", says: [answer([OK]), piece("half"), reset()] },
    {
      name: "at its announced length",
      says: [answer([OK, ["content-length", "4"]]), piece("half"), reset()],
    },
  ])("an answer that $name is reset without an error broke off", async ({ says }) => {
    using service = await framesService(Buffer.concat(says));
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    const got = await agent.get();
    expect(got.error).toMatchObject({
      code: "upstream_failed",
      message: "the service reset the stream (0)",
    });
    expect(got.ended).toBe(false);
  });

  test("a complete answer, and then a reset without an error, ends the upload alone", async () => {
    const says = Buffer.concat([answer([OK]), piece("enough", true), reset()]);
    using service = await framesService(says);
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    const { stream, answer: got } = agent.open(POST, { ended: false });
    stream.write(Buffer.from("some"), false);
    await got.done();
    expect([got.error, got.status, got.text]).toEqual([undefined, 200, "enough"]);
  });

  test("a reset from the gateway cancels the stream and keeps the connection", async () => {
    const { promise: code, resolve: cancelled } = Promise.withResolvers<number>();
    using service = await h2Service((stream, headers) => {
      if (headers[":path"] === "/") {
        stream.respond({ ":status": 200 });
        stream.write("x");
        stream.on("close", () => cancelled(stream.rstCode));
      } else {
        stream.respond({ ":status": 204 }, { endStream: true });
      }
    });
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    const { stream, answer } = agent.open("GET / HTTP/1.1\r\nhost: app.test");
    await answer.until(() => answer.bytes === 1);
    stream.reset(new WireError("cancelled", "gone"));
    expect(await code).toBe(8);
    expect((await agent.get("/other")).status).toBe(204);
    expect(service.connections.length).toBe(1);
  });

  test("cancelling uploads again and again leaves the process and the connection alive", async () => {
    const uploads = new EventEmitter();
    using service = await h2Service((stream, headers) => {
      stream.on("data", () => uploads.emit("data"));
      stream.respond({ ":status": 200 }, { endStream: headers[":path"] === "/end" });
    });
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    for (let n = 0; n < 50; n++) {
      const arrived = once(uploads, "data");
      const { stream } = agent.open(POST, { ended: false });
      stream.write(Buffer.from("some"), false);
      await arrived;
      stream.reset(new WireError("cancelled", "gone"));
    }
    expect((await agent.get("/end")).status).toBe(200);
    expect(service.connections.length).toBe(1);
  });

  test("what does not speak HTTP/2 fails at once", async () => {
    using service = await rawService((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    expect((await agent.get()).error?.code).toBe("upstream_failed");
  });

  test("a stalled reader holds back its own stream and no other", async () => {
    using service = await h2Service((stream, headers) => {
      stream.respond({ ":status": 200 });
      stream.end(headers[":path"] === "/big" ? Buffer.alloc(6_000_000, 1) : "small");
    });
    const agent = new JoinedAgent();
    agent.publish(target(service.port));
    const big = agent.open("GET /big HTTP/1.1\r\nhost: app.test").answer;
    big.consuming = false;
    await big.until(() => big.bytes > 10_000);
    expect((await agent.get("/small")).text).toBe("small");
    expect(big.bytes).toBeLessThan(1_000_000);
    big.catchUp();
    await big.done();
    expect(big.bytes).toBe(6_000_000);
  });
});

describe("TLS towards a service", () => {
  const cert = readFileSync(new URL("_tls/cert.pem", import.meta.url), "utf8");
  const key = readFileSync(new URL("_tls/key.pem", import.meta.url), "utf8");
  const trusted = { ca: cert, serverName: "service.test", insecure: false };

  test.each([
    { name: "trusts the CA that the target names", tls: trusted, code: undefined },
    {
      name: "refuses a certificate that nobody vouches for",
      tls: { ...trusted, ca: undefined },
      code: "upstream_unreachable",
    },
    {
      name: "refuses a certificate of another name",
      tls: { ...trusted, serverName: "other.test" },
      code: "upstream_unreachable",
    },
    {
      name: "takes any certificate when told so",
      tls: { ...trusted, ca: undefined, insecure: true },
      code: undefined,
    },
  ])("$name", async ({ tls, code }) => {
    using https = await serve(
      createHttps({ cert, key }, (_req, res) => res.end("secure")),
      () => {},
    );
    const h2 = createSecureServer({ cert, key });
    h2.on("stream", (stream: ServerHttp2Stream) => {
      stream.respond({ ":status": 200 });
      stream.end("secure");
    });
    using http2 = await serve(h2, () => {});
    for (const [port, protocol] of [
      [https.port, "https"],
      [http2.port, "h2"],
    ] as const) {
      const agent = new JoinedAgent();
      agent.publish([{ host: "127.0.0.1", port, protocol, tls }]);
      const answer = await agent.get();
      expect(answer.error?.code).toBe(code);
      if (code === undefined) expect(answer.text).toBe("secure");
    }
  });

  test("an h1 connection over TLS is pooled, and carries bulk both ways", async () => {
    using https = await serve(
      createHttps({ cert, key }, (req, res) => {
        let got = 0;
        req.on("data", (data: Buffer) => (got += data.length));
        req.on("end", () => res.end(Buffer.alloc(got, 3)));
      }),
      () => {},
    );
    const agent = new JoinedAgent();
    agent.publish([{ host: "127.0.0.1", port: https.port, protocol: "https", tls: trusted }]);
    for (let n = 0; n < 2; n++) {
      const size = 3_000_000;
      const { stream, answer } = agent.open(
        `POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: ${size}`,
        { ended: false },
      );
      for (let sent = 0; sent < size; sent += 100_000)
        stream.write(Buffer.alloc(100_000, 1), sent + 100_000 === size);
      await answer.done();
      expect(answer.bytes).toBe(size);
      expect(answer.buffer.every((byte) => byte === 3)).toBe(true);
    }
    expect(https.connections.length).toBe(1);
  });
});

test("trailers that HTTP/2 cannot say fail their request, not the agent", async () => {
  using service = await h2Service((stream) => void stream.resume());
  const agent = new JoinedAgent();
  agent.publish(target(service.port));
  const { stream, answer } = agent.open(POST, { ended: false });
  stream.write(Buffer.from("hello"), false);
  stream.trailers(Buffer.from("etag: a\r\netag: b\r\n"));
  await answer.done();
  expect(answer.error?.code).toBe("bad_request");
});
