import {
  connect as connectHttp2,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { MAX_FIELDS } from "@warren/http";
import { LIMITS } from "@warren/wire";
import type { Target } from "../../target.ts";
import { connectTo, readyEvent } from "../connect.ts";

/** What a session tells its pool. */
export interface SessionOwner {
  /** The service has said its settings, or a stream has ended: there may be room for another. */
  onRoom(session: Session): void;
  /** The session is over; `error` when it never came to be, or broke. */
  onGone(session: Session, error: NodeJS.ErrnoException | undefined): void;
}

/** How much a stalled stream may hold in this process, bytes. */
const WINDOW_BYTES = 262_144;
/** Node resets streams of a session above so many MB in use; windows bound each stream already. */
const SESSION_MB = 1_024;
const PING_LATE_MS = 10_000;

/** One HTTP/2 connection to a service, as a client. */
export class Session {
  /** When its last stream ended, by the pool's clock. */
  idleSince = 0;
  readonly #owner: SessionOwner;
  readonly #requests = new Set<ClientHttp2Stream>();
  readonly #socket: Socket;
  #http2: ClientHttp2Session | undefined;
  /** Streams that the service takes at once; none before it has said so. */
  #most = 0;
  #gone = false;
  #error: NodeJS.ErrnoException | undefined;
  #pingSince: number | undefined;

  constructor(target: Target, owner: SessionOwner) {
    this.#owner = owner;
    this.#socket = connectTo(target, undefined);
    this.#socket.once(readyEvent(target), () => this.#onConnected(target));
    this.#socket.on("error", (error) => (this.#error ??= error));
    this.#socket.on("close", () => this.#onGone());
    this.#socket.on("end", () => this.#onFin());
  }

  /** Streams open now. */
  get streams(): number {
    return this.#requests.size;
  }

  get connected(): boolean {
    return this.#http2 !== undefined;
  }

  /** It takes one more stream: no GOAWAY was seen, and the service's limit is not reached. */
  get hasRoom(): boolean {
    const http2 = this.#http2;
    return http2 !== undefined && !http2.closed && !http2.destroyed && this.streams < this.#most;
  }

  /** Opens a stream, which `signal` cancels. `list` is a flat header list. May throw. */
  request(list: readonly string[], endStream: boolean, signal: AbortSignal): ClientHttp2Stream {
    const options = { endStream, waitForTrailers: !endStream, signal };
    const request = this.#http2!.request(list, options);
    this.#requests.add(request);
    request.once("close", () => {
      this.#requests.delete(request);
      this.#owner.onRoom(this);
    });
    return request;
  }

  /** Asks whether the service is there; one that has not answered in time is given up. */
  ping(nowMs: number): void {
    const http2 = this.#http2;
    if (http2 === undefined || http2.destroyed) return;
    if (this.#pingSince !== undefined) {
      if (nowMs - this.#pingSince >= PING_LATE_MS) this.destroy(new Error("no answer to a ping"));
      return;
    }
    this.#pingSince = nowMs;
    http2.ping((error) => {
      if (error === null) this.#pingSince = undefined;
    });
  }

  /** Takes no more streams and closes after the last. */
  close(): void {
    if (this.#http2 === undefined) this.#socket.destroy();
    else this.#http2.close();
  }

  destroy(error: NodeJS.ErrnoException): void {
    this.#error ??= error;
    if (this.#http2 === undefined) this.#socket.destroy(error);
    else this.#http2.destroy(error);
  }

  #onConnected(target: Target): void {
    const secure = target.protocol === "h2";
    if (secure && (this.#socket as { alpnProtocol?: unknown }).alpnProtocol !== "h2")
      return this.destroy(new Error("the service does not speak HTTP/2"));
    const http2 = connectHttp2(`${secure ? "https" : "http"}://service`, {
      createConnection: () => this.#socket,
      maxSessionMemory: SESSION_MB,
      // With `:status`. Node's own limit is lower.
      maxHeaderListPairs: MAX_FIELDS + 1,
      // What a gateway took must not end the session: nghttp2's bound is below its own estimate.
      maxSendHeaderBlockLength: 2 * LIMITS.headBytes,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    });
    this.#http2 = http2;
    http2.on("error", (error: NodeJS.ErrnoException) => (this.#error ??= error));
    http2.on("close", () => this.#onGone());
    http2.on("remoteSettings", (settings) => {
      this.#most = settings.maxConcurrentStreams ?? Infinity;
      this.#owner.onRoom(this);
    });
  }

  /**
   * The service will say no more. Its socket stays half open, so that nobody but us ends it: answers
   * that are here whole are still read, the others have broken off.
   */
  #onFin(): void {
    this.#error ??= new Error("the service closed the connection");
    for (const request of this.#requests)
      if (request.state.remoteClose !== 1) request.close(constants.NGHTTP2_CANCEL);
    this.close();
  }

  #onGone(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#owner.onGone(this, this.#error);
  }
}
