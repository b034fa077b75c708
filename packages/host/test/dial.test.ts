import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcp, type AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { retryAfterMs, type Dialled } from "../src/index.ts";
import { connectProxy, testAuthority, testCertificates } from "../src/testing/index.ts";
import { acceptingServer, dial, Ear, opened } from "./_kit.ts";

const certificates = testCertificates();
const serverTls = { cert: certificates.server.cert, key: certificates.server.key };

function failure(dialled: Dialled) {
  if (dialled.kind !== "failed") throw new Error(`expected a failure, got ${dialled.kind}`);
  return { phase: dialled.error.phase, message: dialled.error.message };
}

async function silentServer() {
  const server = createTcp((socket) => socket.on("error", () => {}).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server };
}

describe("the credential", () => {
  test("goes into the Authorization header and nowhere else", async () => {
    await using server = await acceptingServer();
    const near = opened(await dial(`ws://127.0.0.1:${server.port}/a?b=c`, new Ear()));
    const { request } = await server.accepted();
    expect(request.headers.authorization).toBe("Bearer t0ken");
    expect(request.url).toBe("/a?b=c");
    near.terminate();
  });
});

describe("a refusal", () => {
  test.each([
    {
      name: "is a value with status, Retry-After and body",
      status: 429,
      headers: { "retry-after": "7", "content-type": "application/json" },
      body: '{"code":"rate_limited"}',
      want: { status: 429, retryAfterMs: 7000, body: { code: "rate_limited" } },
    },
    {
      name: "without JSON has no body",
      status: 401,
      headers: {},
      body: "<html>",
      want: { status: 401, retryAfterMs: undefined, body: undefined },
    },
    {
      name: "may be a redirect, which is not followed",
      status: 302,
      headers: { location: "http://127.0.0.1:1/" },
      body: "",
      want: { status: 302, retryAfterMs: undefined, body: undefined },
    },
    {
      name: "may be an endless body, which is cut",
      status: 503,
      headers: {},
      body: "x".repeat(1_000_000),
      want: { status: 503, retryAfterMs: undefined, body: undefined },
    },
  ])("$name", async ({ status, headers, body, want }) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, headers).end(body);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    expect(await dial(`ws://127.0.0.1:${port}/`, new Ear())).toEqual({ kind: "refused", ...want });
    server.close();
    await once(server, "close");
  });

  test.each([
    ["120", 120_000],
    ["0", 0],
    ["Thu, 01 Jan 1970 00:01:00 GMT", 30_000],
    ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
    ["soon", undefined],
    [undefined, undefined],
  ])("Retry-After %s is %s ms", (said, want) => {
    expect(retryAfterMs(said, 30_000)).toBe(want);
  });
});

describe("a dial that nobody answers", () => {
  test("fails with the address when the port is closed", async () => {
    const { port, server } = await silentServer();
    server.close();
    await once(server, "close");
    expect(failure(await dial(`ws://127.0.0.1:${port}/`, new Ear()))).toEqual({
      phase: "connect",
      message: expect.stringContaining(`cannot connect to 127.0.0.1:${port}: `),
    });
  });

  test.each(["ws", "wss"])("fails in time over %s, and leaves no socket", async (scheme) => {
    const { port, server } = await silentServer();
    const options = { handshakeTimeoutMs: 40 };
    const dialled = await dial(`${scheme}://127.0.0.1:${port}/`, new Ear(), options);
    expect(failure(dialled).message).toBe(`127.0.0.1:${port} did not answer within 40 ms`);
    server.close();
    await once(server, "close");
  });

  test("stops when it is told to", async () => {
    const { port, server } = await silentServer();
    const abort = new AbortController();
    server.once("connection", () => abort.abort());
    const dialled = await dial(`ws://127.0.0.1:${port}/`, new Ear(), { signal: abort.signal });
    expect(failure(dialled).message).toBe("dial stopped");
    const again = await dial(`ws://127.0.0.1:${port}/`, new Ear(), { signal: abort.signal });
    expect(failure(again).message).toBe("dial stopped");
    server.close();
    await once(server, "close");
  });
});

describe("TLS", () => {
  test("trusts the authority that it was given", async () => {
    await using server = await acceptingServer(serverTls);
    const ear = new Ear();
    const url = `wss://localhost:${server.port}/`;
    const near = opened(await dial(url, ear, { ca: certificates.ca }));
    const far = await server.accepted();
    far.transport.sendText("over TLS");
    expect(await ear.next()).toEqual({ text: "over TLS" });
    near.close(1000, "");
    await far.ear.next();
  });

  test.each([
    {
      name: "has no certificate for the name",
      // TLS 1.2 record of a fatal alert: 112 is unrecognized_name (RFC 6066 §3).
      answer: Buffer.of(0x15, 3, 3, 0, 2, 2, 112),
      want: "it has no certificate for this name (unrecognized_name)",
    },
    {
      name: "breaks off for a reason that has no sentence",
      answer: Buffer.of(0x15, 3, 3, 0, 2, 2, 71),
      want: "it was broken off: tlsv1 alert insufficient security",
    },
    {
      name: "speaks plain HTTP",
      answer: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
      want: "what answers at this port speaks no TLS",
    },
  ])("says in a sentence that a server $name", async ({ answer, want }) => {
    const server = createTcp((socket) =>
      socket.on("error", () => {}).once("data", () => socket.end(answer)),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const dialled = await dial(`wss://localhost:${port}/`, new Ear());
    expect(failure(dialled)).toEqual({ phase: "tls", message: `no TLS with localhost: ${want}` });
    server.close();
    await once(server, "close");
  });

  test("says in a sentence that nobody here knows the authority", async () => {
    await using server = await acceptingServer(serverTls);
    const url = `wss://localhost:${server.port}/`;
    const dialled = await dial(url, new Ear(), { ca: testAuthority().ca });
    expect(failure(dialled).message).toMatch(/^no TLS with localhost: its certificate is [a-z ]+$/);
  });

  test.each([
    { name: "an authority that nobody gave", url: "localhost", ca: undefined },
    { name: "another authority's certificate", url: "localhost", ca: testAuthority().ca },
    { name: "an authority that is no PEM", url: "localhost", ca: "-----BEGIN CERTIFICATE-----\nx" },
  ])("refuses $name", async ({ url, ca }) => {
    await using server = await acceptingServer(serverTls);
    const dialled = await dial(`wss://${url}:${server.port}/`, new Ear(), { ca });
    expect(failure(dialled).phase).toBe("tls");
  });

  test("refuses a certificate for another name", async () => {
    const other = certificates.authority.issue({ hosts: ["other.example"] });
    await using server = await acceptingServer(other);
    const url = `wss://localhost:${server.port}/`;
    const dialled = await dial(url, new Ear(), { ca: certificates.ca });
    expect(failure(dialled)).toMatchObject({
      phase: "tls",
      message: expect.stringMatching(/altnames/),
    });
  });

  test("refuses a certificate that has expired", async () => {
    const notAfter = new Date(Date.now() - 1000);
    const old = certificates.authority.issue({ hosts: ["localhost"], notAfter });
    await using server = await acceptingServer(old);
    const url = `wss://localhost:${server.port}/`;
    const dialled = await dial(url, new Ear(), { ca: certificates.ca });
    expect(failure(dialled)).toMatchObject({
      phase: "tls",
      message: expect.stringMatching(/expired/),
    });
  });

  test("shows the client certificate to a server that asks", async () => {
    const { ca, client } = certificates;
    await using server = await acceptingServer({
      ...serverTls,
      ca,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const url = `wss://localhost:${server.port}/`;
    const near = opened(await dial(url, new Ear(), { ca, ...client }));
    const { socket } = await server.accepted();
    expect(Reflect.get(socket, "authorized")).toBe(true);
    near.terminate();
    expect((await dial(url, new Ear(), { ca })).kind).toBe("failed");
  });

  test.each(["cert", "key"] as const)("a %s alone is an error", async (which) => {
    await using server = await acceptingServer(serverTls);
    const half = { [which]: certificates.client[which] };
    const url = `wss://localhost:${server.port}/`;
    const dialled = await dial(url, new Ear(), { ca: certificates.ca, ...half });
    expect(failure(dialled).message).toContain("go together");
  });
});

describe("a proxy", () => {
  test.each([
    { name: "ws", tls: undefined },
    { name: "wss", tls: serverTls },
  ])("carries $name through CONNECT", async ({ name, tls }) => {
    await using server = await acceptingServer(tls);
    await using proxy = await connectProxy("user:pa ss");
    const ear = new Ear();
    const near = opened(
      await dial(`${name}://localhost:${server.port}/`, ear, {
        ca: certificates.ca,
        proxy: new URL(`http://user:pa%20ss@127.0.0.1:${proxy.port}`),
      }),
    );
    const far = await server.accepted();
    far.transport.sendText("through");
    expect(await ear.next()).toEqual({ text: "through" });
    expect(proxy.asked).toEqual([`localhost:${server.port}`]);
    near.terminate();
    await far.ear.next();
  });

  test("that refuses is said with its status", async () => {
    await using proxy = await connectProxy("user:right");
    const dialled = await dial("ws://a.example/", new Ear(), {
      proxy: new URL(`http://user:wrong@127.0.0.1:${proxy.port}`),
    });
    expect(failure(dialled)).toEqual({
      phase: "proxy",
      message: `proxy 127.0.0.1:${proxy.port} answered 407 to CONNECT`,
    });
  });

  test("that drops the connection is said to have failed", async () => {
    const server = createTcp((socket) => socket.once("data", () => socket.destroy()));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const proxy = new URL(`http://127.0.0.1:${port}`);
    const dialled = await dial("ws://a.example/", new Ear(), { proxy });
    expect(failure(dialled)).toMatchObject({ phase: "proxy" });
    server.close();
  });

  test("that is cut in the middle of a message takes the message with it", async () => {
    await using server = await acceptingServer();
    await using proxy = await connectProxy();
    const ear = new Ear();
    opened(
      await dial(`ws://localhost:${server.port}/`, ear, {
        proxy: new URL(`http://127.0.0.1:${proxy.port}`),
      }),
    );
    const far = await server.accepted();
    far.transport.sendText("whole");
    expect(await ear.next()).toEqual({ text: "whole" });
    far.socket.write(Buffer.of(0x82, 126, 0x03, 0xe8, 1, 2, 3), () => proxy.cut());
    expect(await ear.next()).toMatchObject({ close: [1006, expect.any(String)] });
  });
});

/** RFC 6455 §5.2: two bytes of header, then the mask, for a short message. */
const maskOf = (chunks: Buffer[]) => Buffer.concat(chunks).subarray(2, 6);

describe("the mask", () => {
  test.each([
    { name: "is zero on loopback", scheme: "ws", proxied: false, zero: true },
    { name: "is real on plain ws through a proxy", scheme: "ws", proxied: true, zero: false },
  ])("$name", async ({ scheme, proxied, zero }) => {
    await using server = await acceptingServer();
    await using proxy = await connectProxy();
    const options = proxied ? { proxy: new URL(`http://127.0.0.1:${proxy.port}`) } : {};
    const near = opened(await dial(`${scheme}://127.0.0.1:${server.port}/`, new Ear(), options));
    const far = await server.accepted();
    near.sendText("one");
    expect(await far.ear.next()).toEqual({ text: "one" });
    expect(maskOf(far.chunks).equals(Buffer.alloc(4))).toBe(zero);
    near.terminate();
    await far.ear.next();
  });

  test("is zero behind TLS, also through a proxy", async () => {
    await using server = await acceptingServer(serverTls);
    await using proxy = await connectProxy();
    const near = opened(
      await dial(`wss://localhost:${server.port}/`, new Ear(), {
        ca: certificates.ca,
        proxy: new URL(`http://127.0.0.1:${proxy.port}`),
      }),
    );
    const far = await server.accepted();
    near.sendText("one");
    expect(await far.ear.next()).toEqual({ text: "one" });
    expect(maskOf(far.chunks)).toEqual(Buffer.alloc(4));
    near.terminate();
    await far.ear.next();
  });
});
