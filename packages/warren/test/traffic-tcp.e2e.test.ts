import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { proxyV1, proxyV2, readProxyHeader } from "@warren/http";
import {
  answering,
  freePort,
  rawClient,
  RawEnd,
  RawService,
  testCertificates,
  tlsClient,
} from "@warren/host/testing";
import { randomBytes } from "node:crypto";
import { createConnection } from "node:net";
import type { ConfiguredRoute } from "@warren/agent";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { serving } from "./_kit/web-service.ts";

const PASSED = "passed.test";
const PROXIED = "proxied.test";
const ENDED = "ended.test";
const certificates = testCertificates([PASSED, PROXIED]);
const gatewayCertificates = testCertificates([ENDED]);
const owned = new AsyncDisposableStack();
let joined: Joined;
let service: RawService;
let ports: { plain: number; proxied: number };
/** The next connection at the TLS service, handshake done. */
let secured = Promise.withResolvers<{ end: RawEnd; peer: string }>();

const tcpRoute = (name: string, port: number, publicPort: number, proxy: boolean) => ({
  route: {
    kind: "tcp" as const,
    service: name,
    port,
    public_port: publicPort,
    policy: { proxy_protocol: proxy },
  },
  targets: [{ host: "127.0.0.1", port }],
});
const passed = (host: string, port: number, proxy: boolean): ConfiguredRoute =>
  routeTo(host, port, { kind: "passthrough", policy: { proxy_protocol: proxy } });

beforeAll(async () => {
  service = owned.use(await RawService.start());
  const tls = createTlsServer(
    {
      ...certificates.server,
      ca: certificates.ca,
      requestCert: true,
      rejectUnauthorized: false,
      allowHalfOpen: true,
    },
    (socket: TLSSocket) =>
      secured.resolve({
        end: new RawEnd(socket),
        peer: socket.authorized ? String(socket.getPeerCertificate().subject.CN) : "nobody",
      }),
  );
  const tlsService = owned.use(await serving(tls));
  ports = { plain: await freePort(), proxied: await freePort() };
  joined = owned.use(
    await Joined.start({
      routes: [
        tcpRoute("db", service.port, ports.plain, false),
        tcpRoute("logged", service.port, ports.proxied, true),
        passed(PASSED, tlsService.port, false),
        passed(PROXIED, service.port, true),
        routeTo(ENDED, service.port),
      ],
      gateway: {
        tcpPorts: {
          host: "127.0.0.1",
          from: Math.min(ports.plain, ports.proxied),
          to: Math.max(ports.plain, ports.proxied),
        },
      },
      certificates: { ended: gatewayCertificates.server },
    }),
  );
  for (const port of Object.values(ports))
    await joined.log.line(({ fields }) => fields["port"] === port);
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  for (const end of service.connections.splice(0)) end[Symbol.dispose]();
  service.onConnection = undefined;
  secured = Promise.withResolvers();
});

describe("a tcp route", () => {
  test("carries bytes both ways, whoever begins", async () => {
    using client = rawClient(ports.plain);
    const end = await service.connection();
    end.send("220 ready\r\n");
    await client.has("220 ready\r\n");
    client.send(Buffer.of(0, 255, 10, 13));
    await end.until(({ bytes }) => bytes.equals(Buffer.of(0, 255, 10, 13)));
  });

  test("passes each direction's end while the other goes on", async () => {
    using first = rawClient(ports.plain, "question");
    const end = await service.connection();
    first.socket.end();
    await end.until(({ ended, text }) => ended && text === "question");
    end.send("answer");
    await first.has("answer");
    end.socket.end();
    await first.until(({ closed }) => closed);

    using second = rawClient(ports.plain);
    const other = await service.connection(2);
    other.send("bye");
    other.socket.end();
    await second.until(({ ended, text }) => ended && text === "bye");
    second.send("still here");
    await other.has("still here");
    second.socket.end();
    await other.until(({ closed }) => closed);
  });

  test("carries 30 MB both ways at once", async () => {
    const up = randomBytes(30_000_000);
    using client = rawClient(ports.plain);
    const end = await service.connection();
    end.socket.pipe(end.socket);
    client.send(up);
    client.socket.end();
    await client.over();
    expect(client.bytes.equals(up)).toBe(true);
  });

  test("tells the service within a second that its client has vanished", async () => {
    using client = rawClient(ports.plain, "x");
    const end = await (await service.connection()).has("x");
    const since = performance.now();
    client.socket.resetAndDestroy();
    await end.until(({ closed }) => closed);
    expect(performance.now() - since).toBeLessThan(1_000);
  });

  test("tells the client that its service has vanished, and closes a half that leads nowhere", async () => {
    using client = rawClient(ports.plain, "x");
    const end = await (await service.connection()).has("x");
    end.socket.resetAndDestroy();
    await client.until(({ closed }) => closed);
    expect(client.error?.code).toBe("ECONNRESET");

    using second = rawClient(ports.plain, "x");
    const other = await (await service.connection(2)).has("x");
    // Closed whole: what the client still says is answered by the kernel with a reset.
    other.socket.destroy();
    await second.until(({ ended }) => ended);
    // The gateway reads on for a while, so that a client in the middle of a word reads the answer.
    const sender = setInterval(() => second.send("more"), 100);
    await second.until(({ closed }) => closed);
    clearInterval(sender);
  });

  test("gets a port of the range when it asks for none; one beyond the range is refused", async () => {
    const port = await freePort();
    const { route, targets } = tcpRoute("any", service.port, port, false);
    const { public_port: _, ...anywhere } = route;
    await using other = await Joined.start({
      routes: [
        { route: anywhere, targets },
        tcpRoute("beyond", service.port, port === 65_535 ? 1 : port + 1, false),
      ],
      gateway: { tcpPorts: { host: "127.0.0.1", from: port, to: port } },
    });
    const rejected = await other.log.line(({ msg }) => msg === "route rejected");
    expect(rejected.fields["code"]).toBe("invalid_route");
    await other.log.line(({ fields }) => fields["port"] === port);
    expect(await other.publicPort).toBe(port);
    using client = rawClient(port, "x");
    await (await service.connection()).has("x");
    expect(client.closed).toBe(false);
  });

  test("says in a PROXY v2 header who connects, where that is asked for", async () => {
    using client = rawClient(ports.proxied, "hello");
    const end = await (await service.connection()).has("hello");
    const header = readProxyHeader(end.bytes);
    expect(header).toMatchObject({
      source: { address: "127.0.0.1", port: client.socket.localPort },
      destination: { address: "127.0.0.1", port: ports.proxied },
    });
    expect(end.bytes[12]).toBe(0x21);
    expect(end.bytes.subarray((header as { bytes: number }).bytes).toString()).toBe("hello");
  });
});

describe("a passthrough route", () => {
  const trust = { ca: certificates.ca, servername: PASSED };

  test("leads to the service's own certificate; the gateway has another", async () => {
    using client = await tlsClient(joined.tlsPort, trust);
    expect((client.socket as TLSSocket).getPeerCertificate().subject.CN).toBe(PASSED);
    const { end } = await secured.promise;
    client.send("secret");
    await end.has("secret");
    end.send("answer");
    await client.has("answer");
  });

  test("carries a client's certificate to the service", async () => {
    const { cert, key } = certificates.client;
    using client = await tlsClient(joined.tlsPort, { ...trust, cert, key });
    client.send("x");
    expect((await secured.promise).peer).toBe("client");
  });

  test("takes a hello in pieces of one byte", async () => {
    using relay = await RawService.start((end) => {
      const to = createConnection(joined.tlsPort, "127.0.0.1").setNoDelay();
      to.on("error", () => {}).pipe(end.socket);
      let first = true;
      end.socket.on("data", (chunk: Buffer) => {
        if (!first) return void to.write(chunk);
        first = false;
        for (const byte of chunk) to.write(Buffer.of(byte));
      });
    });
    using client = await tlsClient(relay.port, trust);
    client.send("x");
    await (await secured.promise).end.has("x");
  });

  test("passes each direction's end", async () => {
    using client = await tlsClient(joined.tlsPort, { ...trust, allowHalfOpen: true } as object);
    const { end } = await secured.promise;
    client.send("question");
    client.socket.end();
    await end.until(({ ended, text }) => ended && text === "question");
    end.send("answer");
    end.socket.end();
    await client.over();
    expect(client.text).toBe("answer");
  });

  test("sends a PROXY v2 header before the hello, where that is asked for", async () => {
    using client = rawClient(joined.tlsPort, "");
    client.send(await helloFor(PROXIED));
    const end = await service.connection();
    await end.until(({ bytes }) => bytes.length > 28);
    const header = readProxyHeader(end.bytes) as { bytes: number };
    expect(header).toMatchObject({
      source: { address: "127.0.0.1" },
      destination: { address: "127.0.0.1", port: joined.tlsPort },
    });
    // A TLS record of a handshake follows.
    expect(end.bytes[header.bytes]).toBe(0x16);
  });

  test("is not reached by a Host on a connection that is terminated here: 421", async () => {
    using client = await tlsClient(joined.tlsPort, {
      ca: gatewayCertificates.ca,
      servername: ENDED,
    });
    client.send(`GET / HTTP/1.1\r\nhost: ${PASSED}\r\n\r\n`);
    await client.has("\r\n\r\n");
    expect(client.text).toMatch(/^HTTP\/1.1 421 /);
  });

  test("is not served over plain HTTP", async () => {
    using client = rawClient(joined.port, `GET / HTTP/1.1\r\nhost: ${PASSED}\r\n\r\n`);
    await client.has("\r\n\r\n");
    expect(client.text).toMatch(/^HTTP\/1.1 421 /);
  });
});

describe("PROXY headers of a trusted balancer in front", () => {
  const client = { address: "203.0.113.7", port: 4711 };
  const balancer = { address: "198.51.100.1", port: 443 };
  const headers = [
    { version: 1, header: Buffer.from(proxyV1(client, balancer)) },
    { version: 2, header: Buffer.from(proxyV2(client, balancer)) },
  ];

  test.each(headers)("version $version names the client, on every port", async ({ header }) => {
    const publicPort = await freePort();
    await using behind = await Joined.start({
      routes: [
        routeTo(ENDED, service.port),
        tcpRoute("logged", service.port, publicPort, true),
        passed(PROXIED, service.port, true),
      ],
      gateway: {
        trustedProxies: ["127.0.0.0/8"],
        acceptProxyProtocol: true,
        agents: { host: "127.0.0.1", port: 0 },
        tcpPorts: { host: "127.0.0.1", from: publicPort, to: publicPort },
      },
      certificates: { ended: gatewayCertificates.server },
    });
    await behind.log.line(({ fields }) => fields["port"] === publicPort);
    service.onConnection = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    using http = rawClient(behind.port);
    http.send(header);
    http.send(`GET / HTTP/1.1\r\nhost: ${ENDED}\r\n\r\n`);
    await http.has("\r\n\r\nok");
    expect(service.text).toContain("x-forwarded-for: 203.0.113.7\r\n");
    service.onConnection = undefined;
    using tcp = rawClient(publicPort);
    tcp.send(Buffer.concat([header, Buffer.from("hello")]));
    const end = await (await service.connection(2)).has("hello");
    expect(readProxyHeader(end.bytes)).toMatchObject({ source: client, destination: balancer });
    // A hello needs no answer to be read: the header before it is what counts.
    const hello = await helloFor(PROXIED);
    using tls = rawClient(behind.tlsPort);
    tls.send(Buffer.concat([header, hello]));
    const last = await service.connection(3);
    await last.until(({ bytes }) => bytes.subarray(-hello.length).equals(hello));
    expect(readProxyHeader(last.bytes)).toMatchObject({ source: client, destination: balancer });
  });
});

test("a connection to the TLS port that is no TLS is closed", async () => {
  using client = rawClient(joined.tlsPort, "GET / HTTP/1.1\r\n\r\n");
  await client.until(({ closed }) => closed);
  expect(client.text).toBe("");
});

/** The first bytes that a TLS client says. */
async function helloFor(servername: string): Promise<Buffer> {
  using listener = await RawService.start();
  const client = connectTls({ port: listener.port, host: "127.0.0.1", servername });
  client.on("error", () => {});
  const { bytes } = await (await listener.connection()).until((end) => end.bytes.length > 0);
  client.destroy();
  return bytes;
}
