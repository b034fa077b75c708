import {
  constants,
  performServerHandshake,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { LIMITS } from "@warren/wire";
import type { Connection, FrontContext } from "./front-context.ts";
import { H2Stream } from "./h2-stream.ts";
import type { Peer } from "./peer.ts";

/**
 * A block of up to this much, decompressed, is answered with 431 if it is too large; Node resets what
 * is above. It is more than fits, even in Huffman code, in the nine frames after which nghttp2
 * takes a block for a flood: what goes beyond is compressed to blow up.
 */
const LIST_BYTES = 4 * LIMITS.headBytes;
/** What a field counts beyond its text (RFC 9113 §6.5.2). */
const LIST_FIELD_BYTES = 32;

/** Node's stack with its limits tightened: what each bounds is what it is named for. */
const OPTIONS = {
  // Bounded by the list's size; with fewer Node resets what should be answered with 431.
  maxHeaderListPairs: LIST_BYTES / LIST_FIELD_BYTES,
  maxSendHeaderBlockLength: 2 * LIMITS.headBytes,
  maxSessionMemory: 10,
  maxSettings: 32,
  maxOutstandingPings: 8,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  // Rapid reset (CVE-2023-44487): a page that is left cancels a burst, nobody cancels for ever.
  streamResetBurst: 500,
  streamResetRate: 50,
  settings: {
    enablePush: false,
    enableConnectProtocol: false,
    maxConcurrentStreams: 250,
    maxHeaderListSize: LIST_BYTES,
    initialWindowSize: 262_144,
  },
};
/** Of all streams together: what a client may send ahead of services that do not read. */
const SESSION_WINDOW_BYTES = 1_048_576;

/** A client's HTTP/2 connection. */
export class H2Session implements Connection {
  readonly #context: FrontContext;
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #streams = new Set<H2Stream>();
  #idleSince: number;
  #closing = false;
  #over = false;

  private constructor(context: FrontContext, socket: Socket, peer: Peer) {
    this.#context = context;
    this.#socket = socket;
    this.#session = performServerHandshake(socket, OPTIONS);
    this.#peer = peer;
    this.#idleSince = context.now();
  }

  /** Takes the socket over; its first bytes, if they were read, have been put back. */
  static begin(this: void, context: FrontContext, socket: Socket, peer: Peer): void {
    const h2 = new H2Session(context, socket, peer);
    const session = h2.#session;
    context.opened(h2);
    context.deps.events.connectionOpened("h2");
    session.on("stream", h2.#onStream).on("close", h2.#onClose).on("error", ignore);
    session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    // As http2.Server does; a session that was made by hand does not look after its socket, and a
    // client that says no more has left: these sockets may be half-closed, sessions may not.
    socket.on("end", h2.#onSocketOver).on("close", h2.#onSocketOver).on("error", ignore);
  }

  /** A stream has ended. */
  ended(stream: H2Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#idleSince = this.#context.now();
  }

  readonly #onStream = (
    stream: ServerHttp2Stream,
    _headers: IncomingHttpHeaders,
    flags: number,
    raw: readonly string[],
  ): void => {
    const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const begun = new H2Stream(this.#context, this, stream);
    this.#streams.add(begun);
    begun.begin(this.#peer, raw, ended);
  };

  readonly #onClose = (): void => {
    if (this.#over) return;
    this.#over = true;
    this.#context.deps.events.connectionClosed("h2");
    this.#context.closed(this);
  };

  readonly #onSocketOver = (): void => this.destroy();

  sweep(nowMs: number): void {
    // Of a session whose client left while it began Node does not always say that it has ended.
    if (this.#socket.destroyed) {
      for (const stream of this.#streams) stream.abandon();
      return this.#onClose();
    }
    for (const stream of this.#streams) stream.sweep(nowMs);
    if (this.#streams.size > 0) return;
    const idleMs = nowMs - this.#idleSince;
    const { keepAliveMs, lingerMs } = this.#context.settings;
    if (this.#closing && idleMs >= lingerMs) this.destroy();
    else if (!this.#closing && idleMs >= keepAliveMs) this.drain();
  }

  /** GOAWAY: what is under way goes on, what comes later is for another connection. */
  drain(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#streams.size === 0) this.#idleSince = this.#context.now();
    this.#session.close();
  }

  cutOff(): void {
    for (const stream of this.#streams) stream.cutOff();
    this.drain();
  }

  /** A session that has ended waits for its socket, and that for a client that may be deaf. */
  destroy(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }
}

function ignore(): void {}
