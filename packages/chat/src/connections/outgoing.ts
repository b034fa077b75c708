import type { Writable } from "node:stream";
import type { WebSocket } from "ws";
import type { Writer, Writes } from "./writes.ts";

/** A large frame is at most this part of what may wait, so that one never is too much by itself. */
export const EASE = 4;
/** Up to this the frames of a turn are copied into one; above, the kernel gathers them. */
const JOINED_BYTES = 65_536;

export interface OutgoingOptions {
  socket: WebSocket;
  writes: Writes;
  /** What may wait for a client that does not read. */
  mostBytes: number;
  owner: OutgoingOwner;
}

export interface OutgoingOwner {
  /** More waits than may: the client is cut off, comes back and resumes. */
  overflowed(): void;
  /** A frame was not sent for it. */
  dropped(): void;
}

/**
 * What goes to one client. The frames of one turn of the event loop leave in one write, past the
 * WebSocket's own sender, which keeps no state between messages that are not compressed: whoever uses that
 * (`ping`, `close`) flushes first.
 */
export class Outgoing implements Writer {
  readonly #options: OutgoingOptions;
  readonly #stream: Writable;
  /** Of this turn: nearly always one, and then no list is made for it. */
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #bytes = 0;
  /** In the stream after the last write: what waits there only becomes less. */
  #left = 0;
  #isOver = false;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#stream = streamOf(options.socket);
  }

  send(text: string): void {
    const { writes, owner } = this.#options;
    if (this.#isOver) return owner.dropped();
    const frame = writes.frameOf(text);
    if (this.#isTooMuch(frame)) {
      this.#isOver = true;
      owner.dropped();
      return owner.overflowed();
    }
    this.#bytes += frame.length;
    if (this.#first === undefined) {
      this.#first = frame;
      writes.soon(this);
    } else (this.#more ??= []).push(frame);
  }

  flush(): void {
    const first = this.#first;
    const more = this.#more;
    if (first === undefined) return;
    const { socket, writes } = this.#options;
    const bytes = this.#bytes;
    this.#first = this.#more = undefined;
    this.#bytes = 0;
    if (socket.readyState !== socket.OPEN) return;
    if (more === undefined) this.#stream.write(first);
    else this.#writeAll([first, ...more], bytes);
    this.#left = this.#stream.writableLength;
    writes.wrote(1 + (more?.length ?? 0));
  }

  /** The stream is looked at when what was left in it may be too much: that is less by now. */
  #isTooMuch({ length }: Buffer): boolean {
    const due = this.#bytes + length;
    const { mostBytes } = this.#options;
    return this.#left + due > mostBytes && this.#stream.writableLength + due > mostBytes;
  }

  #writeAll(frames: readonly Buffer[], bytes: number): void {
    if (bytes <= JOINED_BYTES) return void this.#stream.write(Buffer.concat(frames, bytes));
    this.#stream.cork();
    for (const frame of frames) this.#stream.write(frame);
    this.#stream.uncork();
  }

  /** Resolves once most of what waits has left, or the client is gone: before much more is made for it. */
  async eased(): Promise<void> {
    const { socket, mostBytes } = this.#options;
    this.flush();
    if (this.#stream.writableLength <= mostBytes / EASE) return;
    // A ping leaves after all that waits before it. It is told of as well when the socket is gone.
    await new Promise<void>((resolve) => {
      if (socket.readyState !== socket.OPEN) return resolve();
      socket.ping(undefined, undefined, () => resolve());
    });
  }
}

/** The connection below a WebSocket: `ws` documents it on the upgrade alone. */
function streamOf(socket: WebSocket): Writable {
  return (socket as unknown as { _socket: Writable })._socket;
}
