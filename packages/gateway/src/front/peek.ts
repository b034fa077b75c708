import type { Socket } from "node:net";
import type { Connection, FrontContext } from "./front-context.ts";

/** A connection must have said what it is within this. */
const PEEK_MS = 10_000;

/** Looks at what has come so far, and calls `give`, `hold` or `refuse`, or nothing to see more. */
export type Look = (peek: Peek, bytes: Buffer) => void;

/**
 * The beginning of a connection: reads until it is known what it is, then gives the socket away with
 * what was read put back. It owns the socket for as long as somebody makes up their mind.
 */
export class Peek implements Connection {
  readonly #context: FrontContext;
  readonly #socket: Socket;
  readonly #look: Look;
  readonly #since: number;
  #bytes: Buffer = Buffer.alloc(0);
  #over = false;

  private constructor(context: FrontContext, socket: Socket, look: Look) {
    this.#context = context;
    this.#socket = socket;
    this.#look = look;
    this.#since = context.now();
  }

  static begin(context: FrontContext, socket: Socket, look: Look): void {
    const peek = new Peek(context, socket, look);
    context.opened(peek);
    socket.on("data", peek.#onData).on("close", peek.#onClose).on("error", ignore);
    socket.on("end", peek.#onClose);
  }

  /** The same for who needs to see nothing, but may have to wait. */
  static hold(context: FrontContext, socket: Socket): Peek {
    const peek = new Peek(context, socket, () => {});
    context.opened(peek);
    socket.on("close", peek.#onClose).on("error", ignore);
    return peek;
  }

  /** The socket without its first `used` bytes; undefined when the client has gone. */
  give(used: number): Socket | undefined {
    if (this.#over) return undefined;
    const socket = this.#socket;
    this.#leave();
    socket.pause();
    const rest = this.#bytes.subarray(used);
    if (rest.length > 0) socket.unshift(rest);
    (socket as { readableFlowing: boolean | null }).readableFlowing = null;
    return socket;
  }

  /** Nothing more needs to be seen; `give` or `refuse` follows. */
  hold(): void {
    this.#socket.pause();
  }

  /** Ends the connection, with a last word or by a reset. */
  refuse(word: Uint8Array | undefined): void {
    if (this.#over) return;
    const socket = this.#socket;
    this.#leave();
    socket.on("error", ignore);
    if (word === undefined) socket.resetAndDestroy();
    else socket.end(word, () => socket.destroy());
  }

  sweep(nowMs: number): void {
    if (nowMs - this.#since >= PEEK_MS) this.destroy();
  }
  drain(): void {}
  cutOff(): void {
    this.destroy();
  }
  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#look(this, this.#bytes);
  };

  /** A client that says no more before it has said what it is has nothing to wait for. */
  readonly #onClose = (): void => {
    if (this.#over) return;
    this.#leave();
    this.#socket.on("error", ignore);
    this.#socket.destroy();
  };

  #leave(): void {
    this.#over = true;
    const socket = this.#socket;
    socket.off("data", this.#onData).off("close", this.#onClose).off("error", ignore);
    socket.off("end", this.#onClose);
    this.#context.closed(this);
  }
}

function ignore(): void {}
