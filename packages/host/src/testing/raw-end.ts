import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { Waiting } from "./waiting.ts";

/** One end of a connection under a test's hand: what it got, and ways to wait for more. */
export class RawEnd implements Disposable {
  readonly socket: Socket;
  /** Bytes; cheaper to ask often than `bytes`. */
  received = 0;
  ended = false;
  closed = false;
  error: NodeJS.ErrnoException | undefined;
  #got: Buffer[] = [];
  readonly #waiting = new Waiting();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#got.push(chunk);
      this.received += chunk.length;
      this.#waiting.look();
    });
    socket.on("end", () => {
      this.ended = true;
      this.#waiting.look();
    });
    socket.on("error", (error) => (this.error = error));
    socket.on("close", () => {
      this.closed = true;
      this.#waiting.look();
    });
  }

  get bytes(): Buffer {
    if (this.#got.length > 1) this.#got = [Buffer.concat(this.#got)];
    return this.#got[0] ?? Buffer.alloc(0);
  }
  /** Latin-1. */
  get text(): string {
    return this.bytes.toString("latin1");
  }

  send(text: string | Uint8Array): void {
    if (typeof text === "string") this.socket.write(text, "latin1");
    else this.socket.write(text);
  }

  until(seen: (end: this) => boolean): Promise<this> {
    return this.#waiting.until(() => seen(this) && this);
  }
  has(text: string): Promise<this> {
    return this.until((end) => end.text.includes(text));
  }
  /** The other side sends no more. */
  over(): Promise<this> {
    return this.until((end) => end.ended || end.closed);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** A connection to 127.0.0.1 that keeps its own direction open until it is told otherwise. */
export function rawClient(port: number, text = ""): RawEnd {
  const end = new RawEnd(connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true }));
  if (text !== "") end.send(text);
  return end;
}

/** The same over TLS. Resolves when the handshake is done, rejects when it fails. */
export async function tlsClient(port: number, options: ConnectionOptions): Promise<RawEnd> {
  const socket = connectTls({ port, host: "127.0.0.1", ...options });
  await once(socket, "secureConnect");
  return new RawEnd(socket);
}

/** A service that does nothing by itself: a test reads what it gets and says what it answers. */
export class RawService implements Disposable {
  readonly connections: RawEnd[] = [];
  /** What happens to a connection; absent: the test does it. */
  onConnection: ((end: RawEnd) => void) | undefined;
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true });
  readonly #waiting = new Waiting();

  static async start(onConnection?: (end: RawEnd) => void): Promise<RawService> {
    const service = new RawService();
    service.onConnection = onConnection;
    service.#server.on("connection", (socket) => {
      const end = new RawEnd(socket);
      service.connections.push(end);
      service.onConnection?.(end);
      service.#waiting.look();
    });
    service.#server.listen(0, "127.0.0.1");
    await once(service.#server, "listening");
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  /** Everything that it was ever sent. */
  get text(): string {
    return this.connections.map(({ text }) => text).join("");
  }

  /** The n-th connection, counted from 1. */
  connection(n = 1): Promise<RawEnd> {
    return this.#waiting.until(() => this.connections[n - 1]);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const { socket } of this.connections) socket.destroy();
  }
}

/** Answers every bodyless request alike, also several that come at once. */
export function answering(answer: string): (end: RawEnd) => void {
  return (end) => {
    let answered = 0;
    end.socket.on("data", () => {
      const asked = end.text.split("\r\n\r\n").length - 1;
      for (; answered < asked; answered++) end.send(answer);
    });
  };
}
