import type { Stream, StreamOwner } from "@warren/tunnel";
import type { WireError } from "@warren/wire";
import { Hold } from "./hold.ts";
import type { Origin, Running, StreamHost } from "./host.ts";
import type { Pool, Waiter } from "./pool.ts";
import { Relay } from "./relay.ts";
import type { ServiceSocket } from "./service-socket.ts";

/** An opened stream on its way to a TCP service. */
export interface TcpErrand {
  stream: Stream;
  pool: Pool;
  host: StreamHost;
  /** Sent before anything of the client's, or undefined. */
  preface: Uint8Array | undefined;
  /** The client's direction is complete. */
  ended: boolean;
  origin: Origin;
}

/** A connection to a TCP service until it stands; then a relay takes over. */
export class TcpOpening implements StreamOwner, Waiter, Running {
  place = -1;
  /** A pool of raw connections never holds one that served: they are not between two messages. */
  readonly freshOnly = true;
  readonly #errand: TcpErrand;
  readonly #hold = new Hold();
  #over = false;

  constructor(errand: TcpErrand) {
    this.#errand = errand;
    this.#hold.ended = errand.ended;
    errand.stream.owner = this;
  }

  get origin(): Origin {
    return this.#errand.origin;
  }

  begin(): void {
    this.#errand.pool.wait(this);
  }

  onSocket(socket: ServiceSocket): void {
    const { stream, pool, host, preface, origin } = this.#errand;
    if (preface !== undefined) socket.writeUncounted(preface);
    const relay = new Relay({
      stream,
      socket,
      pool,
      host,
      origin,
      status: 0,
      boundaries: undefined,
    });
    this.#over = true;
    host.handedOver(this, relay);
    relay.begin(this.#hold, undefined);
  }

  onNoSocket(error: WireError): void {
    this.#fail(error);
  }

  onData(_stream: Stream, chunk: Uint8Array): void {
    if (this.#over) return;
    this.#errand.host.toService(chunk.length);
    this.#hold.add(chunk);
  }

  /** A client may say all it has and close its direction before the service is there. */
  onEnd(): void {
    this.#hold.ended = true;
  }

  onReset(): void {
    this.#errand.pool.forget(this);
    this.#finish(undefined);
  }

  onHead(): void {}
  onTrailers(): void {}
  onWritable(): void {}
  onStopped(): void {}

  cutOff(error: WireError): void {
    this.#errand.pool.forget(this);
    this.#fail(error);
  }

  #fail(error: WireError): void {
    if (this.#over) return;
    this.#errand.stream.reset(error);
    this.#finish(error);
  }

  #finish(error: WireError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#errand.host.finished(this, this.#errand.stream, { status: 0, error });
  }
}
