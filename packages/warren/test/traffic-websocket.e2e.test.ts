import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { testCertificates } from "@warren/host/testing";
import { WebSocket, WebSocketServer, type ClientOptions, type RawData } from "ws";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { serving } from "./_kit/web-service.ts";

const HOST = "ws.test";
const SECURE = "wss.test";
const certificates = testCertificates([HOST, SECURE, "127.0.0.1"]);
const owned = new AsyncDisposableStack();
let joined: Joined;
/** The service's ends, as they come. */
let accepted = Promise.withResolvers<WebSocket>();

beforeAll(async () => {
  const plain = owned.use(await serving(withSockets(createServer())));
  const secure = owned.use(await serving(withSockets(createSecureServer(certificates.server))));
  joined = owned.use(
    await Joined.start({
      routes: [routeTo(HOST, plain.port), routeTo(SECURE, secure.port, { protocol: "https" })],
      certificates: { ws: certificates.server },
      serviceCa: certificates.ca,
    }),
  );
});

function withSockets<S extends Server>(server: S): S {
  const sockets = new WebSocketServer({
    server,
    maxPayload: 10_000_000,
    verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== "/refused",
    handleProtocols: (offered) => (offered.has("second.v2") ? "second.v2" : false),
  });
  sockets.on("connection", (socket) => accepted.resolve(socket));
  return server;
}
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  accepted = Promise.withResolvers();
});

interface Ends extends Disposable {
  client: WebSocket;
  service: WebSocket;
}
interface WayIn {
  secure: boolean;
  host: string;
}

function dial(
  { secure, host }: WayIn,
  protocols: string[] = [],
  { path = "/socket?x=1", ...more }: ClientOptions & { path?: string } = {},
): WebSocket {
  const tls = { ca: certificates.ca, servername: host };
  const options = { ...more, headers: { host }, ...(secure ? tls : {}) };
  const at = secure ? `wss://127.0.0.1:${joined.tlsPort}` : `ws://127.0.0.1:${joined.port}`;
  return new WebSocket(at + path, protocols, options);
}
async function openEnds(
  entry: WayIn,
  protocols?: string[],
  options?: ClientOptions,
): Promise<Ends> {
  const client = dial(entry, protocols, options);
  const [service] = await Promise.all([accepted.promise, once(client, "open")]);
  return {
    client,
    service,
    [Symbol.dispose]() {
      client.terminate();
      service.terminate();
    },
  };
}
const next = async (socket: WebSocket): Promise<{ data: Buffer; binary: boolean }> => {
  const [data, binary] = (await once(socket, "message")) as [RawData, boolean];
  return { data: data as Buffer, binary };
};
const closed = async (socket: WebSocket): Promise<[number, string]> => {
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  return [code, reason.toString()];
};

describe.each([
  { front: "plain", behind: "plain", secure: false, host: HOST },
  { front: "TLS", behind: "plain", secure: true, host: HOST },
  { front: "plain", behind: "TLS", secure: false, host: SECURE },
  { front: "TLS", behind: "TLS", secure: true, host: SECURE },
])("a WebSocket over $front in front, $behind behind", ({ secure, host }) => {
  const open = (protocols?: string[], options?: ClientOptions) =>
    openEnds({ secure, host }, protocols, options);

  test("agrees on the subprotocol that the service chooses", async () => {
    using ends = await open(["first.v1", "second.v2"]);
    expect(ends.client.protocol).toBe("second.v2");
  });

  test("that the service refuses hears its status", async () => {
    const client = dial({ secure, host }, [], { path: "/refused" });
    const [, response] = (await once(client, "unexpected-response")) as [
      unknown,
      { statusCode: number },
    ];
    expect(response.statusCode).toBe(401);
    client.on("error", () => {}).terminate();
  });

  test("carries text, binary, empty messages and 1 MB, both ways", async () => {
    using ends = await open();
    const large = randomBytes(1_048_576);
    for (const data of ["", "grüße", Buffer.alloc(0), Buffer.of(0, 255), large]) {
      for (const [from, to] of [
        [ends.client, ends.service],
        [ends.service, ends.client],
      ] as const) {
        const heard = next(to);
        from.send(data);
        const { data: got, binary } = await heard;
        expect(got.equals(Buffer.from(data as Buffer))).toBe(true);
        expect(binary).toBe(typeof data !== "string");
      }
    }
  });

  test("carries a message in fragments, and pings between them", async () => {
    using ends = await open();
    const heard = next(ends.service);
    const pinged = once(ends.service, "ping");
    ends.client.send("one ", { fin: false });
    ends.client.ping("now");
    expect(String(((await pinged) as [Buffer])[0])).toBe("now");
    ends.client.send("two ", { fin: false });
    ends.client.send("three", { fin: true });
    expect((await heard).data.toString()).toBe("one two three");
  });

  test("carries compressed messages", async () => {
    using ends = await open([], { perMessageDeflate: true });
    const heard = next(ends.service);
    ends.client.send("x".repeat(100_000));
    expect((await heard).data.length).toBe(100_000);
  });

  test("carries pings and pongs of both sides with their data", async () => {
    using ends = await open();
    for (const [from, to] of [
      [ends.client, ends.service],
      [ends.service, ends.client],
    ] as const) {
      const ping = once(to, "ping");
      const pong = once(from, "pong");
      from.ping("payload");
      expect(String(((await ping) as [Buffer])[0])).toBe("payload");
      expect(String(((await pong) as [Buffer])[0])).toBe("payload");
    }
  });

  const closes = [
    { name: "1000 with a reason", code: 1000, reason: "done ü" },
    { name: "1001", code: 1001, reason: "" },
    { name: "a code of the application", code: 4321, reason: "x".repeat(123) },
    { name: "3000", code: 3000, reason: "registered" },
  ];
  test.each(closes)("ends with $name, both ways", async ({ code, reason }) => {
    using first = await open();
    const atService = closed(first.service);
    const atClient = closed(first.client);
    first.client.close(code, reason);
    expect(await atService).toEqual([code, reason]);
    expect(await atClient).toEqual([code, reason]);
    accepted = Promise.withResolvers();
    using second = await open();
    const heard = closed(second.client);
    second.service.close(code, reason);
    expect(await heard).toEqual([code, reason]);
  });

  test("ends without a code as without a code", async () => {
    using ends = await open();
    const heard = closed(ends.service);
    ends.client.close();
    expect(await heard).toEqual([1005, ""]);
  });

  test("of a client that vanishes ends at the service within a second", async () => {
    using ends = await open();
    const heard = closed(ends.service);
    const since = performance.now();
    ends.client.terminate();
    expect((await heard)[0]).toBe(1006);
    expect(performance.now() - since).toBeLessThan(1_000);
  });

  test("of a service that vanishes ends at the client, with no code made up", async () => {
    using ends = await open();
    const heard = closed(ends.client);
    ends.service.terminate();
    expect((await heard)[0]).toBe(1006);
  });

  test("keeps messages sent right before a close", async () => {
    using ends = await open();
    let got = 0;
    ends.client.on("message", () => got++);
    const heard = closed(ends.client);
    for (let n = 0; n < 1_000; n++) ends.service.send(Buffer.alloc(1_000));
    ends.service.close(1000);
    expect((await heard)[0]).toBe(1000);
    expect(got).toBe(1_000);
  });
});
