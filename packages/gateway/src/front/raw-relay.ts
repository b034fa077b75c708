import type { Socket } from "node:net";
import { closeFrame, FrameBoundary } from "@warren/http";
import type { Stream } from "@warren/tunnel";
import { CODES, WireError } from "@warren/wire";
import type { ClientProtocol } from "../events.ts";
import type { FrontContext } from "./front-context.ts";
import { SocketSide } from "./socket-side.ts";

/** What the bytes are, as far as a relay must know to end between two messages. */
export type Framed = "websocket" | "unframed";

export interface RelayParts {
  stream: Stream;
  protocol: ClientProtocol;
  framed: Framed;
  /** Read from the client already. */
  rest: Uint8Array | undefined;
}

const CANCELLED = new WireError("cancelled", "the client went away");
const DRAINING = new WireError("draining", "the gateway is going");
const FAREWELL = Buffer.from(closeFrame(CODES.draining.close, "service restart"));

/**
 * Raw bytes between a client's socket and a stream, both ways, each way with an end of its own: an
 * upgraded connection, a TCP one, or TLS that is not terminated here. Ten thousand of these lie idle
 * at a time: it holds no buffer, no timer, and nothing of a request.
 */
export class RawRelay extends SocketSide {
  protected stream: Stream;
  readonly #protocol: ClientProtocol;
  readonly #boundary: FrameBoundary | undefined;
  #paused = false;
  #clientEnded = false;
  #serviceEnded = false;
  /** To be ended at the next frame boundary. */
  #leaving = false;
  /** Since when nothing is to be said any more, either way; -1 before. */
  #leftAt = -1;
  /** The service reads no more. */
  #stopped = false;

  protected constructor(context: FrontContext, socket: Socket, parts: RelayParts) {
    super(context, socket);
    this.stream = parts.stream;
    this.#protocol = parts.protocol;
    this.#boundary = parts.framed === "websocket" ? new FrameBoundary() : undefined;
  }

  static begin(context: FrontContext, socket: Socket, parts: RelayParts): RawRelay {
    const relay = new RawRelay(context, socket, parts);
    relay.begin(parts.rest);
    return relay;
  }

  protected begin(rest: Uint8Array | undefined): void {
    this.context.inFlight++;
    this.context.deps.events.connectionOpened(this.#protocol);
    this.stream.owner = this;
    this.take();
    if (rest !== undefined && rest.length > 0) this.onBytes(rest, true);
    else if (this.socket.isPaused()) this.socket.resume();
  }

  /** The same connection goes on in another stream, from its beginning. */
  protected joined(stream: Stream, sent: readonly Uint8Array[]): void {
    if (this.socket.destroyed) return stream.reset(CANCELLED);
    this.stream = stream;
    stream.owner = this;
    this.forgetConsumption();
    for (const chunk of sent) stream.write(chunk, false);
    if (this.#clientEnded) stream.end();
    this.onWritable();
  }

  // From the client

  onBytes(chunk: Uint8Array, kept: boolean): void {
    if (this.#leftAt !== -1) return;
    if (this.stream.write(kept ? chunk : Buffer.from(chunk), false)) {
      if (this.socket.isPaused()) this.socket.resume();
      return;
    }
    this.pause();
  }

  protected pause(): void {
    this.#paused = true;
    this.socket.pause();
  }

  onWritable(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
  }

  onFin(): void {
    this.#clientEnded = true;
    if (this.#leftAt === -1) this.stream.end();
  }

  onStopped(stream: Stream): void {
    stream.end();
    this.#clientEnded = this.#stopped = true;
    if (this.#serviceEnded) this.#strand();
  }

  onClosed(): void {
    this.context.inFlight--;
    this.context.deps.events.connectionClosed(this.#protocol);
    if (!(this.#clientEnded && this.#serviceEnded)) this.stream.reset(CANCELLED);
  }

  // From the service

  onHead(): void {}
  onTrailers(): void {}

  onData(_stream: Stream, chunk: Uint8Array): void {
    if (this.#leftAt !== -1) return;
    this.#boundary?.pass(chunk);
    this.relay(chunk);
    if (this.#leaving && this.#boundary!.atBoundary) this.#leave();
  }

  onEnd(): void {
    this.#serviceEnded = true;
    this.flush();
    this.socket.end();
    if (this.#stopped) this.#strand();
  }

  /** The service is gone whole: what the client still says leads nowhere. */
  #strand(): void {
    this.#leftAt = this.context.now();
    if (this.#paused) this.socket.resume();
  }

  /** A farewell can only be said between two frames, and not behind another one. */
  onReset(_stream: Stream, error: WireError): void {
    if (this.#leftAt !== -1) return;
    this.flush();
    if (error.code === "draining" && this.#boundary?.atBoundary === true) return this.#leave();
    this.abort();
  }

  // Endings

  drain(): void {}

  cutOff(): void {
    if (this.#boundary === undefined || this.#serviceEnded) {
      this.stream.reset(DRAINING);
      this.abort();
    } else if (this.#boundary.atBoundary) this.#leave();
    else this.#leaving = true;
  }

  #leave(): void {
    this.#leftAt = this.context.now();
    this.stream.reset(DRAINING);
    this.flush();
    if (this.#boundary!.closing) this.socket.end();
    else this.socket.end(FAREWELL);
    if (this.#paused) this.socket.resume();
    if (this.#clientEnded) this.socket.destroySoon();
  }

  sweep(nowMs: number): void {
    if (this.#leftAt === -1) return;
    // A slow reader of a complete answer may take its time.
    if (this.#stopped && this.socket.writableLength > 0) this.#leftAt = nowMs;
    else if (nowMs - this.#leftAt >= this.context.settings.lingerMs) this.socket.destroy();
  }
}
