import type { WireError } from "@warren/wire";

/** Time as a tunnel sees it. Monotonic, so that a clock set back moves no deadline. */
export interface Clock {
  /** Milliseconds, monotonic, fractions allowed. */
  now(): number;
  /** Runs `task` once after `ms`; the returned function forgets it. Never keeps a process alive. */
  after(ms: number, task: () => void): () => void;
}

/** Runs `task` at the end of this turn of the event loop (Node: `setImmediate`). */
export type EndOfTurn = (task: () => void) => void;

/** Uniform in [0, 1). */
export type Random = () => number;

/**
 * One live WebSocket under a tunnel. Messages arrive whole and in order, or not at all: a message
 * cut short was never received.
 */
export interface Transport {
  /** Sends one binary message; the bytes must not change afterwards. */
  send(message: Uint8Array): void;
  /** Sends one text message; `taken` hears once it has left this process, if it does. */
  sendText(message: string, taken?: () => void): void;
  /** Runs `writes` so that what it sends leaves in as few packets as possible. */
  batch(writes: () => void): void;
  /** Closes with a WebSocket close code and reason; a second call does nothing. */
  close(code: number, reason: string): void;
  /** Drops the connection at once, with no closing handshake. */
  terminate(): void;
  /** Bytes that were sent and have not left this process. */
  readonly bufferedBytes: number;
}

/**
 * What a stream's owner hears. The owner is one long-lived object (a connection), not a set of
 * closures: at 10,000 idle streams closures are the memory.
 *
 * Order within a stream: `head`* then `data`* then `trailers`? then `end`; or `reset` at any time,
 * after which nothing more comes.
 */
export interface StreamOwner {
  /** A whole head block of the answer. Comes only on the opener's side. */
  onHead(stream: Stream, block: Uint8Array): void;
  /**
   * Bytes. The owner calls `stream.consumed(n)` once they have left this process (accepted by the
   * kernel), which is what lets the peer send more. `chunk` may be a view into a larger buffer: an
   * owner that keeps it for long copies it.
   */
  onData(stream: Stream, chunk: Uint8Array): void;
  onTrailers(stream: Stream, block: Uint8Array): void;
  /** The peer's direction is complete. */
  onEnd(stream: Stream): void;
  /** The stream is gone, in both directions. Not called for the owner's own `reset`. */
  onReset(stream: Stream, error: WireError): void;
  /** After `write` said false: there is room again. */
  onWritable(stream: Stream): void;
  /** The peer reads no more of what this side sends: `end` or `reset` soon. */
  onStopped(stream: Stream): void;
}

/** One request or connection inside a tunnel. It outlives the tunnel's transports. */
export interface Stream {
  readonly id: number;
  /** Set by the side that accepts a stream; the opener passes its owner to `open`. */
  owner: StreamOwner;
  /** Sends a head block of an answer. */
  head(block: Uint8Array, end: boolean): void;
  /**
   * Sends bytes, in order, and keeps `chunk` until the peer has it. Returns false when more is
   * queued than credit allows: the caller stops reading its source until `onWritable`. Nothing is
   * ever dropped.
   */
  write(chunk: Uint8Array, end: boolean): boolean;
  /** Sends trailers and ends this direction. */
  trailers(block: Uint8Array): void;
  /** Ends this direction. */
  end(): void;
  /** Ends both directions now; what is queued is dropped. A second call does nothing. */
  reset(error: WireError): void;
  /** Tells the peer that the rest of its direction will not be read; what still comes is dropped. */
  stop(): void;
  /** `bytes` of `onData` have left this process. */
  consumed(bytes: number): void;
  /** True until both directions have ended. */
  readonly open: boolean;
  /** True once any part of the opening has left: until then it is safe to send it elsewhere. */
  readonly departed: boolean;
  /** True while `write` would say true. */
  readonly writable: boolean;
  /** True while a transport carries its tunnel; else it waits for the next one. */
  readonly attached: boolean;
}

/** What a tunnel's owner hears. */
export interface TunnelOwner {
  /**
   * The peer opened a stream: `opening` is a whole opening block (wire `readOpening`), `ended` says
   * that its direction is already complete. The callee sets `stream.owner` before it returns, or
   * calls `stream.reset`. `refused` as code means: not looked at, safe to send elsewhere.
   */
  onStream(stream: Stream, opening: Uint8Array, ended: boolean): void;
  /** The peer broke the protocol. The transport is being closed and every stream has failed. */
  onProtocolError(error: WireError): void;
}
