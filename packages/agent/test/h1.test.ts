import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { WireError } from "@warren/wire";
import { JoinedAgent } from "../src/testing/index.ts";
import { httpService, rawService, scripted } from "./_services.ts";

const local = (port: number) => [{ host: "127.0.0.1", port }];

describe("a request to an HTTP/1.1 service", () => {
  test("arrives byte for byte and its answer comes back", async () => {
    using service = await httpService((req, res) => {
      res.setHeader("x-target", req.url ?? "");
      res.setHeader("set-cookie", ["a=1", "b=2"]);
      res.end(JSON.stringify(req.rawHeaders));
    });
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const answer = await agent.get("/a%2Fb/../c?x=%20&&y", "\r\nX-A: 1\r\nx-a: 2");
    expect(answer.status).toBe(200);
    expect(answer.head).toContain("x-target: /a%2Fb/../c?x=%20&&y\r\n");
    expect(answer.head).toContain("set-cookie: a=1\r\nset-cookie: b=2\r\n");
    expect(answer.head.toLowerCase()).not.toMatch(
      /connection|keep-alive|transfer-encoding: chunked\r\n.*content-length/,
    );
    expect(JSON.parse(answer.text)).toEqual(["Host", "app.test", "X-A", "1", "x-a", "2"]);
  });

  test("uses one connection for one request after another", async () => {
    using service = await httpService((_req, res) => res.end("x"));
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    for (let n = 0; n < 5; n++) expect((await agent.get()).text).toBe("x");
    expect(service.connections.length).toBe(1);
    expect(agent.streams.connections()).toEqual({ idle: 1, active: 0 });
  });

  test.each([
    {
      name: "with a length",
      answer: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
      body: "hello",
      kept: 1,
    },
    { name: "without a body", answer: "HTTP/1.1 204 No Content\r\n\r\n", body: "", kept: 1 },
    {
      name: "of length 0",
      answer: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
      body: "",
      kept: 1,
    },
    {
      name: "in chunks",
      answer:
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n3\r\n, w\r\n0\r\n\r\n",
      body: "hello, w",
      kept: 1,
    },
    {
      name: "that asks to close",
      answer: "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi",
      body: "hi",
      kept: 0,
    },
    {
      name: "with bytes beyond it",
      answer: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n",
      body: "hi",
      kept: 0,
    },
    {
      name: "kept for less than it is worth",
      answer: "HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nhi",
      body: "hi",
      kept: 0,
    },
  ])("takes an answer $name", async ({ answer, body, kept }) => {
    using service = await scripted(answer);
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const got = await agent.get();
    expect(got.error).toBeUndefined();
    expect(got.text).toBe(body);
    expect(agent.streams.connections().idle).toBe(kept);
  });

  test("ends an answer without a length when the service closes", async () => {
    using service = await rawService((socket) => {
      socket.once("data", () => socket.end("HTTP/1.0 200 OK\r\n\r\nuntil the end"));
    });
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const got = await agent.get();
    expect(got.head).toContain("HTTP/1.1 200 OK\r\n");
    expect(got.text).toBe("until the end");
    expect(got.ended).toBe(true);
  });

  test.each([
    { name: "garbage", answer: "SSH-2.0-OpenSSH\r\n\r\n" },
    {
      name: "lengths that contradict",
      answer: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    },
    {
      name: "a length with a coding",
      answer: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    },
    {
      name: "a switch unasked",
      answer: "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    },
    { name: "heads without end", answer: `HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}` },
    {
      name: "informational heads without end",
      answer: "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(40),
    },
    {
      name: "broken chunks",
      answer: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    },
  ])("fails on $name", async ({ answer }) => {
    using service = await scripted(answer);
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const got = await agent.get();
    expect(got.error?.code).toBe("upstream_failed");
    expect(agent.streams.connections()).toEqual({ idle: 0, active: 0 });
  });

  test("passes heads on as they come: 100, 103, then the answer", async () => {
    using service = await httpService((_req, res) => {
      res.writeEarlyHints({ link: "</a.css>; rel=preload" });
      res.end("x");
    });
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const got = await agent.get();
    expect(got.heads[0]).toBe("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
    expect(got.status).toBe(200);
  });

  test("lets Expect: 100-continue reach the service and its 100 come back", async () => {
    using service = await httpService((req, res) => {
      let body = "";
      req.on("data", (data: Buffer) => (body += data.toString()));
      req.on("end", () => res.end(body));
    });
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const { stream, answer } = agent.open(
      "POST / HTTP/1.1\r\nhost: app.test\r\nexpect: 100-continue\r\ncontent-length: 4",
      { ended: false },
    );
    await answer.until(() => answer.heads.length === 1);
    expect(answer.heads[0]).toMatch(/^HTTP\/1.1 100 /);
    stream.write(Buffer.from("body"), true);
    expect((await answer.done()).text).toBe("body");
  });

  test("sends a body of unknown length in chunks, with trailers both ways", async () => {
    using service = await httpService((req, res) => {
      let body = "";
      req.on("data", (data: Buffer) => (body += data.toString()));
      req.on("end", () => {
        res.writeHead(200, { trailer: "x-sum" });
        res.write(body);
        res.addTrailers({ "x-sum": String(req.trailers["x-in"]) });
        res.end();
      });
    });
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const { stream, answer } = agent.open(
      "POST / HTTP/1.1\r\nhost: app.test\r\ntransfer-encoding: chunked",
      { ended: false },
    );
    stream.write(Buffer.from("one "), false);
    stream.write(Buffer.from("two"), false);
    stream.trailers(Buffer.from("x-in: 7\r\n"));
    const got = await answer.done();
    expect(got.text).toBe("one two");
    expect(got.trailers).toBe("x-sum: 7\r\n");
    expect(agent.streams.connections().idle).toBe(1);
  });

  test("a HEAD's length announces no body", async () => {
    using service = await scripted("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const got = await agent.open("HEAD / HTTP/1.1\r\nhost: app.test").answer.done();
    expect(got.head).toContain("content-length: 5\r\n");
    expect(got.ended).toBe(true);
    expect(agent.streams.connections().idle).toBe(1);
  });

  test("a pooled connection that closes is not used again", async () => {
    using service = await rawService((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx"));
    });
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    for (let n = 0; n < 3; n++) {
      expect((await agent.get()).text).toBe("x");
      await once(await service.connection(n + 1), "close");
    }
    expect(service.connections.length).toBe(3);
  });

  test.each([
    { name: "a GET goes out again", method: "GET", ended: true, head: "", ok: true },
    {
      name: "a POST without a body fails",
      method: "POST",
      ended: true,
      head: "\r\ncontent-length: 0",
      ok: false,
    },
    {
      name: "a PUT whose body began fails",
      method: "PUT",
      ended: false,
      head: "\r\ncontent-length: 1",
      ok: false,
    },
  ])("when a reused connection dies unanswered, $name", async ({ method, ended, head, ok }) => {
    let requests = 0;
    using service = await rawService((socket) => {
      socket.on("data", () => {
        if (++requests === 2) socket.destroy();
        else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx");
      });
    });
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    await agent.get();
    const { stream, answer } = agent.open(`${method} / HTTP/1.1\r\nhost: app.test${head}`, {
      ended,
    });
    if (!ended) stream.write(Buffer.from("b"), true);
    const got = await answer.done();
    if (ok) expect(got.text).toBe("x");
    else expect(got.error?.code).toBe("upstream_failed");
    expect(service.connections.length).toBe(ok ? 2 : 1);
  });

  test("a fresh connection that dies unanswered is not tried again", async () => {
    using service = await rawService((socket) => socket.once("data", () => socket.destroy()));
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    expect((await agent.get()).error?.code).toBe("upstream_failed");
    expect(service.connections.length).toBe(1);
  });

  test("a refused connect is upstream_unreachable", async () => {
    const gone = await rawService(() => {});
    gone[Symbol.dispose]();
    const agent = new JoinedAgent();
    agent.publish(local(gone.port));
    expect((await agent.get()).error?.code).toBe("upstream_unreachable");
  });

  test("a reset from the gateway ends the service's connection at once", async () => {
    using service = await rawService(() => {});
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const { stream } = agent.open("GET / HTTP/1.1\r\nhost: app.test");
    const socket = await service.connection(1);
    await once(socket, "data");
    stream.reset(new WireError("cancelled", "gone"));
    await once(socket, "end");
    expect(agent.streams.running).toBe(0);
  });

  test("an answer that comes before the upload is over stops the upload", async () => {
    using service = await rawService((socket) => {
      socket.once("data", () =>
        socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"),
      );
    });
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const { stream, answer } = agent.open(
      "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 1000",
      { ended: false },
    );
    stream.write(Buffer.from("some"), false);
    const got = await answer.until(() => answer.stopped);
    expect(got.status).toBe(413);
    expect(agent.streams.connections()).toEqual({ idle: 0, active: 0 });
  });

  test("a service that resets in the middle of a body fails the stream", async () => {
    using service = await rawService((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", () =>
          socket.resetAndDestroy(),
        );
      });
    });
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    expect((await agent.get()).error?.code).toBe("upstream_failed");
  });

  test.each([
    { name: "longer", body: "toolong" },
    { name: "shorter", body: "a" },
  ])("a body $name than its content-length never reaches a pooled connection", async ({ body }) => {
    using service = await rawService(() => {});
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const { stream, answer } = agent.open(
      "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 3",
      { ended: false },
    );
    stream.write(Buffer.from(body), true);
    expect((await answer.done()).error?.code).toBe("bad_request");
    expect(agent.streams.connections()).toEqual({ idle: 0, active: 0 });
  });

  test("a reader that stalls makes the service wait, and gets every byte in the end", async () => {
    const size = 30_000_000;
    using service = await httpService((_req, res) => res.end(Buffer.alloc(size, 7)));
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const { answer } = agent.open("GET / HTTP/1.1\r\nhost: app.test");
    answer.consuming = false;
    const socket = await service.connection(1);
    await answer.until(() => answer.bytes >= 10_000);
    // Another request passes while this one stalls.
    expect((await agent.open("HEAD / HTTP/1.1\r\nhost: app.test").answer.done()).status).toBe(200);
    expect(answer.bytes).toBeLessThan(1_000_000);
    expect(socket.writableLength).toBeGreaterThan(5_000_000);
    answer.catchUp();
    await answer.done();
    expect(answer.bytes).toBe(size);
    expect(answer.buffer.every((byte) => byte === 7)).toBe(true);
  });

  test("a service that reads slowly makes the sender wait, and gets every byte in the end", async () => {
    const size = 8_000_000;
    const service = await httpService((req, res) => {
      let got = 0;
      req.on("data", (data: Buffer) => (got += data.length));
      req.on("end", () => res.end(String(got)));
    });
    using _ = service;
    const agent = new JoinedAgent();
    agent.publish(local(service.port));
    const { stream, answer } = agent.open(
      `POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: ${size}`,
      { ended: false },
    );
    const piece = Buffer.alloc(16_000, 1);
    for (let sent = 0; sent < size; sent += piece.length) {
      if (!stream.write(piece, sent + piece.length === size)) {
        const before = answer.writable;
        await answer.until(() => answer.writable > before || answer.ended);
      }
    }
    expect((await answer.done()).text).toBe(String(size));
  });
});
