import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { createServer as createHttps, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import {
  acceptWebSocket,
  dialWebSocket,
  WEBSOCKET_LIMITS,
  type DialWebSocket,
  type Dialled,
  type WebSocketHeard,
  type WebSocketLimits,
  type WebSocketTransport,
} from "../src/index.ts";

type Event = { binary: Buffer } | { text: string } | { close: [number, string] };

/** Hears everything, in order; `next()` waits for what has not come yet. */
export class Ear implements WebSocketHeard {
  readonly #events: Event[] = [];
  #waiting: ((event: Event) => void) | undefined;
  onBinary = (message: Uint8Array) => this.#heard({ binary: Buffer.from(message) });
  onText = (text: string) => this.#heard({ text });
  onClose = (code: number, reason: string) => this.#heard({ close: [code, reason] });
  #heard(event: Event): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#events.push(event);
    else waiting(event);
  }
  next(): Promise<Event> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve(event);
    return new Promise((resolve) => (this.#waiting = resolve));
  }
}

export interface Accepted {
  transport: WebSocketTransport;
  ear: Ear;
  request: IncomingMessage;
  /** What `ws` was given of the socket behind the handshake: all but binary messages, in pieces. */
  chunks: Buffer[];
  socket: Socket;
}

export interface AcceptingServer extends AsyncDisposable {
  port: number;
  /** The next connection that was accepted. */
  accepted(): Promise<Accepted>;
}

/** A server that accepts every WebSocket of the subprotocol `t.v1`. */
export async function acceptingServer(
  tls?: ServerOptions,
  limits: WebSocketLimits = WEBSOCKET_LIMITS,
): Promise<AcceptingServer> {
  const server = tls === undefined ? createHttp() : createHttps(tls);
  const queue: Accepted[] = [];
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  const waiting: ((accepted: Accepted) => void)[] = [];
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const chunks: Buffer[] = [];
    // Copied, and before `ws` sees it: it unmasks in place.
    socket.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
    const ear = new Ear();
    const upgrade = { request: request as never, socket, head };
    const transport = acceptWebSocket({ subprotocol: "t.v1", limits }, upgrade, ear);
    if (transport === undefined) return;
    const accepted = { transport, ear, request, chunks, socket };
    const first = waiting.shift();
    if (first === undefined) queue.push(accepted);
    else first(accepted);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    accepted() {
      const ready = queue.shift();
      if (ready !== undefined) return Promise.resolve(ready);
      return new Promise((resolve) => waiting.push(resolve));
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, "close");
    },
  };
}

/** Dials with defaults for what a test does not care about. */
export function dial(
  url: string,
  heard: WebSocketHeard,
  options: Partial<DialWebSocket> = {},
): Promise<Dialled> {
  return dialWebSocket(
    {
      url: new URL(url),
      token: "t0ken",
      subprotocol: "t.v1",
      ca: undefined,
      cert: undefined,
      key: undefined,
      proxy: undefined,
      handshakeTimeoutMs: 5_000,
      limits: WEBSOCKET_LIMITS,
      signal: new AbortController().signal,
      ...options,
    },
    heard,
  );
}

export function opened(dialled: Dialled): WebSocketTransport {
  if (dialled.kind === "open") return dialled.transport;
  throw new Error(`not open: ${JSON.stringify(dialled)}`, {
    cause: dialled.kind === "failed" ? dialled.error : undefined,
  });
}
