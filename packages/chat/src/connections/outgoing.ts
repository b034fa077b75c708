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
  /** More than that waits: the client is cut off, comes back and resumes. */
  overflowed: () => void;
  /** A frame was not sent for it. */
  dropped: () => void;
  sent: (frames: number) => void;
}

/**
 * What goes to one client. The frames of one turn of the event loop leave in one write, past the
 * WebSocket's own sender, which keeps no state between messages that are not compressed: whoever uses that
 * (`ping`, `close`) flushes first.
 */
export class Outgoing implements Writer {
  readonly #options: OutgoingOptions;
  readonly #stream: Writable;
  #frames: Buffer[] = [];
  #bytes = 0;
  #isOver = false;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#stream = streamOf(options.socket);
  }

  send(text: string): void {
    const { socket, writes, mostBytes, overflowed, dropped } = this.#options;
    if (this.#isOver) return dropped();
    if (socket.readyState !== socket.OPEN) return;
    const frame = writes.frameOf(text);
    if (this.#stream.writableLength + this.#bytes + frame.length > mostBytes) {
      this.#isOver = true;
      dropped();
      return overflowed();
    }
    this.#bytes += frame.length;
    if (this.#frames.push(frame) === 1) writes.soon(this);
  }

  flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    const { socket, sent } = this.#options;
    const bytes = this.#bytes;
    this.#frames = [];
    this.#bytes = 0;
    if (socket.readyState !== socket.OPEN) return;
    if (frames.length === 1) this.#stream.write(frames[0]);
    else if (bytes <= JOINED_BYTES) this.#stream.write(Buffer.concat(frames, bytes));
    else {
      this.#stream.cork();
      for (const frame of frames) this.#stream.write(frame);
      this.#stream.uncork();
    }
    sent(frames.length);
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
