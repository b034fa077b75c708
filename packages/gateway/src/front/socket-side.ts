import type { Socket } from "node:net";
import { latin1Text, QUEUED_READS, readBy, sharedReads, unpinned } from "@warren/host";
import type { Stream, StreamOwner } from "@warren/tunnel";
import type { WireError } from "@warren/wire";
import type { Connection, FrontContext } from "./front-context.ts";

/**
 * Public sockets get this as `highWaterMark`: Node says `drain` only after a write above it, so at
 * most so many bytes wait unreported, which is well below the floor of a stream's credit.
 */
export const SOCKET_MARK_BYTES = 4_096;
/** Up to this a chunk is joined to what else leaves in this turn; above, it goes as it is. */
const JOINED_BYTES = 4_096;

const SIDE = Symbol("side");
interface Sided extends Socket {
  [SIDE]?: SocketSide;
}

/**
 * A client's socket on one side, a stream of a tunnel on the other: one object that hears both, not a
 * set of closures per request. What the stream delivers is reported as consumed once the kernel has taken it.
 */
export abstract class SocketSide implements StreamOwner, Connection {
  readonly context: FrontContext;
  readonly socket: Socket;
  #text = "";
  #unflushed = false;
  #corked = false;
  #unconsumed = 0;
  /** Whose bytes those are: its answer may be over before the client has read it. */
  #creditor: Stream | undefined;

  constructor(context: FrontContext, socket: Socket) {
    this.context = context;
    this.socket = socket;
  }

  protected abstract get stream(): Stream | undefined;

  /**
   * Bytes from the client. When `kept` is false the next read overwrites them: what is needed after
   * this returns is copied.
   */
  abstract onBytes(chunk: Buffer, kept: boolean): void;
  /** The client sends no more. */
  abstract onFin(): void;
  /** The socket is gone; said once, last. */
  abstract onClosed(): void;

  /** Nobody will read what was not read yet. */
  gone(): void {
    this.onClosed();
    this.forgetConsumption();
  }

  abstract onHead(stream: Stream, block: Uint8Array): void;
  abstract onData(stream: Stream, chunk: Uint8Array): void;
  abstract onTrailers(stream: Stream, block: Uint8Array): void;
  abstract onEnd(stream: Stream): void;
  abstract onReset(stream: Stream, error: WireError): void;
  abstract onWritable(stream: Stream): void;
  abstract onStopped(stream: Stream): void;
  abstract sweep(nowMs: number): void;
  abstract drain(): void;
  abstract cutOff(): void;

  /** Takes the socket over, also from another side. */
  protected take(): void {
    const socket = this.socket as Sided;
    const before = socket[SIDE];
    socket[SIDE] = this;
    this.context.opened(this);
    if (before !== undefined) return this.context.closed(before);
    if ("encrypted" in socket || !readBy(socket, sharedReads(onRead))) socket.on("data", onData);
    socket.on("end", onEnd).on("drain", onDrain);
    socket.on("error", onError).on("close", onClose);
  }

  /** Gives the socket away, with what was read and not used put back. */
  protected release(rest: Uint8Array | undefined): Socket {
    const socket = this.socket as Sided;
    this.flush();
    socket.off("data", onData).off("end", onEnd).off("drain", onDrain);
    socket.off("error", onError).off("close", onClose);
    delete socket[SIDE];
    socket.pause();
    readBy(socket, QUEUED_READS);
    if (rest !== undefined && rest.length > 0) socket.unshift(rest);
    // As node:http leaves a socket for an upgrade: the next listener starts it.
    (socket as { readableFlowing: boolean | null }).readableFlowing = null;
    this.context.closed(this);
    return socket;
  }

  /** Writes latin-1 text, together with what else is written in this turn. */
  protected say(text: string): void {
    this.#text += text;
    this.#touch();
  }

  /** Writes bytes of the stream, as `say`, and reports them when they are gone. */
  protected relay(chunk: Uint8Array): void {
    this.#unconsumed += chunk.length;
    this.#creditor ??= this.stream;
    // As text it is a copy, so a slow reader does not pin the tunnel's large buffers.
    if (chunk.length <= JOINED_BYTES) return this.say(latin1Text(chunk));
    this.#touch();
    if (!this.#corked) {
      this.#corked = true;
      this.socket.cork();
    }
    this.#writeText();
    this.socket.write(this.socket.writableLength > 0 ? unpinned(chunk) : chunk);
  }

  flush(): void {
    this.#unflushed = false;
    this.#writeText();
    if (this.#corked) {
      this.#corked = false;
      this.socket.uncork();
    }
    this.settle();
  }

  /** Reports what the kernel has taken since. Says less where other bytes wait too, never more. */
  settle(): void {
    const taken = this.#unconsumed - this.socket.writableLength;
    if (taken <= 0) return;
    this.#unconsumed -= taken;
    this.#creditor?.consumed(taken);
    if (this.#unconsumed === 0) this.#creditor = undefined;
  }

  /** A new stream owes nothing for the one before. */
  protected forgetConsumption(): void {
    this.#creditor?.consumed(this.#unconsumed);
    this.#creditor = undefined;
    this.#unconsumed = 0;
  }

  /** Ends the connection so that the client cannot take what it got for all there is. */
  protected abort(): void {
    const { socket } = this;
    // TLS has no reset in Node; there a missing close_notify says the same.
    if ("encrypted" in socket || socket.connecting) socket.destroy();
    else socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #touch(): void {
    if (this.#unflushed) return;
    this.#unflushed = true;
    this.context.flushSoon(this);
  }

  #writeText(): void {
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    if (this.socket.writable) this.socket.write(text, "latin1");
  }
}

function onData(this: Sided, chunk: Buffer): void {
  onRead.call(this, chunk, true);
}
/** What a client sends may find a bug of ours: that costs its own connection, not all others. */
function onRead(this: Sided, chunk: Buffer, kept: boolean): boolean {
  const side = this[SIDE];
  if (side === undefined) return false;
  try {
    side.onBytes(chunk, kept);
  } catch (error) {
    side.context.deps.events.broke("client connection", error);
    this.destroy();
  }
  return true;
}
function onEnd(this: Sided): void {
  this[SIDE]?.onFin();
}
function onDrain(this: Sided): void {
  this[SIDE]?.settle();
}
/** `close` follows, and says all there is to say. */
function onError(this: Sided): void {}
function onClose(this: Sided): void {
  const side = this[SIDE];
  if (side === undefined) return;
  delete this[SIDE];
  side.context.closed(side);
  side.gone();
}
