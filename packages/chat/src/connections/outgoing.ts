import type { WebSocket } from "ws";

/** A large frame is at most this part of what may wait, so that one never is too much by itself. */
export const EASE = 4;

export interface OutgoingOptions {
  socket: WebSocket;
  /** What may wait for a client that does not read. */
  mostBytes: number;
  /** More than that waits: the client is cut off, comes back and resumes. */
  overflowed: () => void;
  /** A frame was not sent for it. */
  dropped: () => void;
  sent: (frames: number) => void;
}

/** What goes to one client. The frames of one turn of the event loop leave in one write. */
export class Outgoing {
  readonly #options: OutgoingOptions;
  #isCorked = false;
  #isOver = false;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  send(text: string): void {
    const { socket, mostBytes, overflowed, dropped, sent } = this.#options;
    if (this.#isOver) return dropped();
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount + text.length > mostBytes) {
      this.#isOver = true;
      dropped();
      return overflowed();
    }
    this.#cork();
    socket.send(text);
    sent(1);
  }

  /** Resolves once most of what waits has left, or the client is gone: before much more is made for it. */
  async eased(): Promise<void> {
    const { socket, mostBytes } = this.#options;
    if (socket.bufferedAmount <= mostBytes / EASE) return;
    // A ping leaves after all that waits before it. It is told of as well when the socket is gone.
    await new Promise<void>((resolve) => {
      if (socket.readyState !== socket.OPEN) return resolve();
      socket.ping(undefined, undefined, () => resolve());
    });
  }

  /** A token per frame and a frame per write would be a system call each. */
  #cork(): void {
    if (this.#isCorked) return;
    const stream = streamOf(this.#options.socket);
    if (stream === undefined) return;
    this.#isCorked = true;
    stream.cork();
    setImmediate(() => {
      this.#isCorked = false;
      stream.uncork();
    });
  }
}

/** The connection below a WebSocket: `ws` documents it on the upgrade alone. */
function streamOf(socket: WebSocket): { cork(): void; uncork(): void } | undefined {
  const stream = (socket as unknown as { _socket?: { cork(): void; uncork(): void } })._socket;
  return typeof stream?.cork === "function" ? stream : undefined;
}
