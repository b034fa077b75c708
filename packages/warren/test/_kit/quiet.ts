/** Connections of every kind that has no limit of its own, and services that say nothing unasked. */
import { once } from "node:events";
import { createServer as createHttp, type ServerResponse } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTls } from "node:tls";
import type { ConfiguredRoute } from "@warren/agent";
import { rawClient, RawEnd, testCertificates, tlsClient } from "@warren/host/testing";
import { routeTo } from "./configs.ts";

export const QUIET_HOST = "quiet.test";
const PASSED_HOST = "passed.test";
const certificates = testCertificates([PASSED_HOST]);

const echo = (socket: Socket): void => void socket.on("error", () => {}).pipe(socket);

/** Echoes what comes over raw connections; streams an answer at /events that goes on when told. */
export class QuietServices implements Disposable {
  readonly #streamed: ServerResponse[] = [];
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();

  private constructor() {
    const http = createHttp((request, response) => {
      if (request.url !== "/events") return void response.end("well");
      response.writeHead(200, { "content-type": "text/event-stream" }).write("before");
      this.#streamed.push(response);
    });
    http.on("upgrade", (_request, socket: Socket) => {
      const words = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket";
      socket.write(`${words}\r\n\r\n`);
      echo(socket);
    });
    this.#servers = [http, createTcp(echo), createTls(certificates.server, echo)];
    for (const server of this.#servers)
      server.on("connection", (socket: Socket) => this.#sockets.add(socket));
  }

  static async start(): Promise<QuietServices> {
    const services = new QuietServices();
    for (const server of services.#servers) await once(server.listen(0, "127.0.0.1"), "listening");
    return services;
  }

  get routes(): ConfiguredRoute[] {
    const [http, tcp, tls] = this.#servers.map((one) => (one.address() as AddressInfo).port);
    return [
      routeTo(QUIET_HOST, http!),
      routeTo("", tcp!, { kind: "tcp", service: "echo" }),
      routeTo(PASSED_HOST, tls!, { kind: "passthrough" }),
    ];
  }

  /** Streamed answers say one thing more. */
  goOn(): void {
    for (const response of this.#streamed) response.write("after");
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** An open connection on which both sides have spoken once. */
export interface Quiet extends Disposable {
  name: string;
  /** Says one thing more, unless it only listens. Resolves with what has come since the beginning. */
  after(): Promise<string>;
}

export interface QuietPorts {
  port: number;
  tlsPort: number;
  tcpPort: number;
}

const upgrade =
  `GET / HTTP/1.1\r\nhost: ${QUIET_HOST}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
  "sec-websocket-version: 13\r\nsec-websocket-key: d2FycmVuIHN0b3JtIGtleQ==\r\n\r\n";
const events = `GET /events HTTP/1.1\r\nhost: ${QUIET_HOST}\r\n\r\n`;

/** Resolves when all of them have heard something. */
export async function openQuiet({ port, tlsPort, tcpPort }: QuietPorts): Promise<Quiet[]> {
  const tls = { ca: certificates.ca, servername: PASSED_HOST };
  return Promise.all([
    spoken("a WebSocket", rawClient(port, upgrade), "101 Switching"),
    spoken("a TCP connection", rawClient(tcpPort, "before"), "before"),
    tlsClient(tlsPort, tls).then((passed) => {
      passed.send("before");
      return spoken("a passthrough connection", passed, "before");
    }),
    heard("a streamed answer", rawClient(port, events)),
    heardOverHttp2("a streamed answer over HTTP/2", port),
  ]);
}

async function spoken(name: string, end: RawEnd, first: string): Promise<Quiet> {
  await end.has(first);
  return {
    name,
    after() {
      end.send("after");
      return untilAfter(end);
    },
    [Symbol.dispose]: () => end[Symbol.dispose](),
  };
}

async function heard(name: string, end: RawEnd): Promise<Quiet> {
  await end.has("before");
  return { name, after: () => untilAfter(end), [Symbol.dispose]: () => end[Symbol.dispose]() };
}

async function heardOverHttp2(name: string, port: number): Promise<Quiet> {
  const session = connectHttp2(`http://127.0.0.1:${port}`).on("error", () => {});
  const stream = session.request({ ":path": "/events", ":authority": QUIET_HOST });
  const quiet = await heard(name, new RawEnd(stream as unknown as Socket));
  return { ...quiet, [Symbol.dispose]: () => session.destroy() };
}

async function untilAfter(end: RawEnd): Promise<string> {
  await end.until(({ closed, ended, text }) => closed || ended || text.includes("after"));
  return end.text;
}
