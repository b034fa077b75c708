import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { Waiting } from "@warren/host/testing";

const CLOSED = new WeakMap<Socket, Promise<void>>();

/** Resolves once it is gone. The requests of one connection, which may be many, share one listener. */
function closedOf(socket: Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  const known =
    CLOSED.get(socket) ?? new Promise((resolve) => socket.once("close", () => resolve()));
  CLOSED.set(socket, known);
  return known;
}

/** One request that a fake server got, and the answer to it in the hands of a test. */
export class FakeExchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The client's port: which connection it came on. */
  readonly port: number;
  /** Resolves once the connection is gone, whoever closed it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse, body: string) {
    this.method = request.method ?? "";
    this.path = request.url ?? "";
    this.headers = request.headers as Record<string, string | undefined>;
    this.body = body;
    this.port = request.socket.remotePort ?? 0;
    this.#socket = request.socket;
    this.#response = response;
    this.closed = closedOf(this.#socket);
  }

  json(): Record<string, unknown> {
    return JSON.parse(this.body) as Record<string, unknown>;
  }
  /** Sends the head by itself. */
  head(status: number, headers: Record<string, string> = {}): void {
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
  }
  /** Resolves true once the other side may be sent more, false once it is gone. */
  async write(bytes: string | Uint8Array): Promise<boolean> {
    if (this.#socket.destroyed) return false;
    if (this.#response.write(bytes)) return true;
    const drained = once(this.#response, "drain").then(() => true);
    return Promise.race([drained, this.closed.then(() => false)]);
  }
  /** Sends these bytes as they are, also where they are no HTTP. */
  raw(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }
  /** Ends the answer, with its last bytes and its end in one piece. */
  end(bytes: string | Uint8Array = ""): void {
    this.#response.end(bytes);
  }
  /** Ends the connection without ending the answer. */
  cut(): void {
    this.#socket.destroy();
  }
  /** A whole answer in JSON. */
  answer(status: number, value: unknown, headers: Record<string, string> = {}): void {
    this.head(status, { "content-type": "application/json", ...headers });
    this.#response.end(JSON.stringify(value));
  }
  /** The head of a stream of events. */
  events(headers: Record<string, string> = {}): void {
    this.head(200, { "content-type": "text/event-stream; charset=utf-8", ...headers });
  }
}

/** What a fake server does with one request. */
export type Script = (exchange: FakeExchange) => unknown;

/** A real HTTP server on loopback that answers what its test says. */
export interface FakeUpstream extends AsyncDisposable {
  /** Without a path: `http://127.0.0.1:<port>`, or with https. */
  readonly origin: string;
  /** What came, in order. */
  readonly requests: readonly FakeExchange[];
  /** The next request without a script of its own gets this one; called again, the one after it. */
  next(script: Script): void;
  /** Resolves with the n-th request, from 1, once it is there. */
  request(n: number): Promise<FakeExchange>;
  /** Connections that are open. */
  readonly sockets: number;
  /** Resolves once no connection is open. */
  quiet(): Promise<void>;
}

/** Starts one, with TLS where a certificate is given. `otherwise` answers where no script waits. */
export async function startFakeUpstream(
  otherwise: Script,
  tls?: { cert: string; key: string },
): Promise<FakeUpstream> {
  const sockets = new Set<Socket>();
  const requests: FakeExchange[] = [];
  const scripts: Script[] = [];
  const changes = new Waiting();
  const take = (request: IncomingMessage, response: ServerResponse) => {
    response.on("error", () => {});
    void readBody(request).then((body) => {
      const exchange = new FakeExchange(request, response, body);
      requests.push(exchange);
      changes.look();
      return (scripts.shift() ?? otherwise)(exchange);
    });
  };
  const server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      changes.look();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    origin: `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    next: (script) => void scripts.push(script),
    request: (n) => changes.until(() => requests[n - 1]),
    get sockets() {
      return sockets.size;
    },
    quiet: async () => void (await changes.until(() => sockets.size === 0)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  request.setEncoding("utf8");
  for await (const part of request) text += part as string;
  return text;
}

/** One event of a stream. */
export function sse(data: unknown, event?: string): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
}
