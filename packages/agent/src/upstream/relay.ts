import type { Stream, StreamOwner } from "@warren/tunnel";
import { WireError } from "@warren/wire";
import { broken } from "./failures.ts";
import type { Hold } from "./hold.ts";
import type { Origin, Running, StreamHost } from "./host.ts";
import { copyOf } from "./copy-of.ts";
import type { Pool } from "./pool.ts";
import type { ServiceSocket, SocketOwner } from "./service-socket.ts";

/** Follows what a service sends, so that it can be ended where the client expects a new frame. */
export interface Boundaries {
  /** Sees bytes, in order. */
  pass(bytes: Uint8Array): void;
  /** Sees bytes up to the end of the frame under way; returns how many those were. */
  passFrame(bytes: Uint8Array): number;
  /** True between two frames. */
  readonly between: boolean;
  /** What to say there when this side has to go; undefined when the service has said it. */
  readonly farewell: Uint8Array | undefined;
}

/** What a relay is made of; it takes the connection over. */
export interface RelayParts {
  stream: Stream;
  socket: ServiceSocket;
  pool: Pool;
  host: StreamHost;
  origin: Origin;
  /** For the outcome: 101 after an upgrade, 0 for a plain connection. */
  status: number;
  boundaries: Boundaries | undefined;
}

/**
 * Raw bytes between a stream and a connection, in both directions, each with its own end. Ten
 * thousand of these lie idle at a time: it holds no buffer and no timer.
 */
export class Relay implements StreamOwner, SocketOwner, Running {
  place = -1;
  readonly origin: Origin;
  readonly #stream: Stream;
  readonly #socket: ServiceSocket;
  readonly #pool: Pool;
  readonly #host: StreamHost;
  readonly #status: number;
  readonly #boundaries: Boundaries | undefined;
  /** The service's direction is complete, or nobody wants more of it. */
  #serviceEnded = false;
  #clientEnded = false;
  #over = false;
  /** Set once the drain's deadline has come. */
  #forgetCut: (() => void) | undefined;

  constructor(parts: RelayParts) {
    this.origin = parts.origin;
    this.#stream = parts.stream;
    this.#socket = parts.socket;
    this.#pool = parts.pool;
    this.#host = parts.host;
    this.#status = parts.status;
    this.#boundaries = parts.boundaries;
  }

  /** Goes on with what came early from either side; `rest` may be in a buffer that is reused. */
  begin(held: Hold | undefined, rest: Buffer | undefined): void {
    this.#stream.owner = this;
    this.#socket.give(this);
    for (const chunk of held?.take() ?? []) this.#socket.write(chunk);
    if (held?.ended === true) this.onEnd();
    if (rest !== undefined && rest.length > 0) this.onBytes(this.#socket, rest, false);
  }

  // From the client

  onData(_stream: Stream, chunk: Uint8Array): void {
    if (this.#over || this.#clientEnded) return;
    this.#host.toService(chunk.length);
    this.#socket.write(chunk);
  }

  onEnd(): void {
    if (this.#over || this.#clientEnded) return;
    this.#clientEnded = true;
    if (this.#forgetCut !== undefined && this.#serviceEnded) return this.#finish(undefined);
    this.#socket.end();
  }

  onReset(): void {
    this.#finish(undefined);
  }

  /** Nobody reads what the service says; what the client says may still matter to it. */
  onStopped(): void {
    if (this.#over || this.#serviceEnded) return;
    this.#endService();
    this.#socket.resume();
  }

  onWritable(): void {
    if (!this.#over) this.#socket.resume();
  }

  onHead(): void {}
  onTrailers(): void {}

  // From the service

  onBytes(_socket: ServiceSocket, chunk: Buffer, kept: boolean): void {
    if (this.#over || this.#serviceEnded) return;
    this.#host.fromService(chunk.length);
    const to = this.#follow(chunk);
    const passed = to === chunk.length ? chunk : chunk.subarray(0, to);
    if (!this.#stream.write(kept ? passed : copyOf(passed), false)) this.#socket.pause();
    if (this.#forgetCut !== undefined && this.#boundaries?.between === true) this.#sayFarewell();
  }

  onTaken(_socket: ServiceSocket, bytes: number): void {
    if (!this.#over) this.#stream.consumed(bytes);
  }

  onFin(): void {
    if (this.#over || this.#serviceEnded) return;
    this.#endService();
  }

  onClosed(_socket: ServiceSocket, error: NodeJS.ErrnoException | undefined): void {
    if (this.#over) return;
    if (!this.#serviceEnded)
      return this.#fail(broken("the service broke the connection off", error));
    // What it said is complete; what the client still says reaches nobody.
    if (!this.#clientEnded) this.#stream.stop();
    this.#finish(undefined);
  }

  onConnected(): void {}

  // Endings

  cutOff(error: WireError, graceMs: number): void {
    if (this.#boundaries === undefined || this.#serviceEnded) return this.#fail(error);
    this.#forgetCut = this.#host.after(graceMs, () => this.#fail(error));
    if (this.#boundaries.between) this.#sayFarewell();
  }

  /** How much of `chunk` goes on: all of it, or up to the next boundary when this side has to go. */
  #follow(chunk: Buffer): number {
    if (this.#boundaries === undefined) return chunk.length;
    if (this.#forgetCut !== undefined) return this.#boundaries.passFrame(chunk);
    this.#boundaries.pass(chunk);
    return chunk.length;
  }

  /** In order behind what was said, so that nothing that is under way is lost. */
  #sayFarewell(): void {
    const farewell = this.#boundaries?.farewell;
    if (farewell !== undefined) this.#stream.write(farewell, false);
    this.#endService();
    this.#socket.end();
    if (this.#clientEnded) this.#finish(undefined);
  }

  #endService(): void {
    this.#serviceEnded = true;
    this.#stream.end();
  }

  #fail(error: WireError): void {
    if (this.#over) return;
    this.#stream.reset(error);
    this.#finish(error);
  }

  #finish(error: WireError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#forgetCut?.();
    // A reset tells the service that what it got is not all there was.
    if (!this.#clientEnded || error !== undefined) this.#socket.abort();
    this.#pool.discard(this.#socket);
    this.#host.finished(this, this.#stream, { status: this.#status, error });
  }
}
