import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { acceptKey, closeFrame, FrameReader, numberedFrame } from "./numbered-frames.ts";

const KEY = "d2FycmVuIHN0b3JtIGtleQ==";

/** One WebSocket of a storm: says 1, 2, 3... and expects each one back. */
export class StormSocket {
  readonly #number: number;
  readonly #note: (fault: string) => void;
  readonly #reader: FrameReader;
  #socket: Socket | undefined;
  #closing = false;
  #closed = false;
  #caughtUp: (() => void) | undefined;
  sent = 0;
  echoed = 0;

  constructor(number: number, note: (fault: string) => void) {
    this.#number = number;
    this.#note = (fault) => note(`socket ${number}, ${this.echoed} of ${this.sent} back: ${fault}`);
    this.#reader = new FrameReader(
      {
        message: ({ socket, message }) => this.#hear(socket, message),
        broken: (what) => this.#note(what),
        closed: () => (this.#closed = true),
        pong: (frame) => this.#socket?.write(frame),
      },
      false,
    );
  }

  /** Resolves when the service has accepted; rejects on any other answer. */
  async open({ port, host }: { port: number; host: string }): Promise<void> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket = socket;
    socket.write(
      `GET /numbers HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
        `sec-websocket-version: 13\r\nsec-websocket-key: ${KEY}\r\n\r\n`,
    );
    let head = Buffer.alloc(0);
    while (!head.includes("\r\n\r\n")) {
      head = Buffer.concat([head, (await once(socket, "data"))[0] as Buffer]);
    }
    const text = head.toString("latin1");
    if (!text.startsWith("HTTP/1.1 101 ") || !text.includes(acceptKey(KEY))) {
      throw new Error(`socket ${this.#number}: ${text}`);
    }
    socket.on("data", (chunk: Buffer) => this.#reader.read(chunk));
    socket.on("error", (reason) => this.#note(reason.message));
    socket.on("close", () => this.#end());
  }

  /** Sends the next number. */
  say(): void {
    if (this.#socket?.writable !== true) return;
    this.sent++;
    this.#socket.write(numberedFrame({ socket: this.#number, message: this.sent }, true));
  }

  /** Waits for the last echo, then closes; also resolves when the connection is lost. */
  async finish(): Promise<void> {
    if (this.#socket === undefined || this.#socket.destroyed) return;
    if (this.echoed < this.sent) {
      await new Promise<void>((resolve) => (this.#caughtUp = resolve));
    }
    this.#closing = true;
    if (this.#socket.destroyed) return;
    // A connection that is cut in this moment is lost, which is no failure of the storm's.
    const gone = once(this.#socket, "close").catch(() => {});
    this.#socket.write(closeFrame(true));
    await gone;
    if (!this.#closed) this.#note("gone without an answer to its close");
  }

  destroy(): void {
    this.#closing = true;
    this.#socket?.destroy();
  }

  #hear(socket: number, message: number): void {
    if (socket !== this.#number || message !== this.echoed + 1) {
      this.#note(`message ${message} of socket ${socket} came`);
    }
    this.echoed = message;
    if (this.echoed >= this.sent) this.#caughtUp?.();
  }

  #end(): void {
    if (!this.#closing) this.#note("closed by the other side");
    this.#caughtUp?.();
  }
}
