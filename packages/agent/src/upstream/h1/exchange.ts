import { latin1Bytes } from "@warren/host";
import { linesOf, type ResponseHead } from "@warren/http";
import type { Stream, StreamOwner } from "@warren/tunnel";
import { WireError } from "@warren/wire";
import { headBlock } from "../head-block.ts";
import { broken } from "../failures.ts";
import { Hold } from "../hold.ts";
import type { Origin, Running, StreamHost } from "../host.ts";
import { copyOf } from "../copy-of.ts";
import type { Pool, Waiter } from "../pool.ts";
import { Relay } from "../relay.ts";
import type { ServiceSocket, SocketOwner } from "../service-socket.ts";
import { WebSocketBoundaries } from "../websocket-boundaries.ts";
import { AnswerReader, type AnswerSink } from "./answer-reader.ts";
import { RequestBody } from "./request-body.ts";
import { isIdempotent, readRequestShape, type RequestShape } from "./request-shape.ts";

/** An opened stream on its way to an HTTP/1.1 service. */
export interface Errand {
  stream: Stream;
  /** The opening block; the request's head begins at `headAt`. */
  opening: Uint8Array;
  headAt: number;
  /** The request is complete. */
  ended: boolean;
  /** After a 101 both directions are raw bytes. */
  upgrade: boolean;
  pool: Pool;
  host: StreamHost;
  origin: Origin;
}

const CONNECTION_UPGRADE = latin1Bytes("connection: upgrade\r\n\r\n");
const NO_BYTES = new Uint8Array(0);

/**
 * One request to an HTTP/1.1 service and its answer. It owns the stream from its opening and a
 * connection while it has one. Invariants:
 *
 * E1. The connection goes back to its pool only between two messages: request written to its end,
 *     answer read to its end, not a byte beyond. In every other case it is destroyed.
 * E2. A request is sent a second time only if a reused connection died before any byte of an answer,
 *     no byte of a body was written, and the method is idempotent.
 * E3. Once `#over`, nothing is said on the stream and `finished` has been said once.
 */
export class Exchange implements StreamOwner, SocketOwner, Waiter, AnswerSink, Running {
  place = -1;
  readonly origin: Origin;
  freshOnly = false;
  readonly #stream: Stream;
  readonly #pool: Pool;
  readonly #host: StreamHost;
  readonly #upgrade: boolean;
  readonly #shape: RequestShape;
  readonly #body: RequestBody;
  readonly #headAt: number;
  /** Dropped once an answer begins. */
  #opening: Uint8Array;
  #answer: AnswerReader;
  #socket: ServiceSocket | undefined;
  #reused = false;
  #hold: Hold | undefined;
  #requestEnded: boolean;
  #status = 0;
  #keepMs = 0;
  #answerEnded = false;
  #over = false;

  private constructor(errand: Errand, shape: RequestShape) {
    this.origin = errand.origin;
    this.#stream = errand.stream;
    this.#pool = errand.pool;
    this.#host = errand.host;
    this.#upgrade = errand.upgrade;
    this.#opening = errand.opening;
    this.#headAt = errand.headAt;
    this.#requestEnded = errand.ended;
    this.#shape = shape;
    this.#body = new RequestBody(shape);
    this.#answer = new AnswerReader(shape.head, this);
    this.#stream.owner = this;
  }

  /** Undefined, with the stream reset, when the head cannot be sent. */
  static create(errand: Errand): Exchange | undefined {
    const shape = readRequestShape(errand.opening, errand.headAt);
    if (shape === undefined || (errand.ended && shape.contentLength > 0)) {
      errand.stream.reset(new WireError("bad_request", "the opening's head is malformed"));
      return undefined;
    }
    return new Exchange(errand, shape);
  }

  /** Takes a connection, or waits for one. Apart from `create`, so that its caller knows of it first. */
  begin(): void {
    const socket = this.#pool.takeIdle();
    if (socket === undefined) this.#pool.wait(this);
    else this.onSocket(socket, true);
  }

  // Waiter

  onSocket(socket: ServiceSocket, reused: boolean): void {
    this.#socket = socket;
    this.#reused = reused;
    socket.give(this);
    if (this.#body.none) return this.#writeHead(socket);
    // The head leaves with what of the body is at hand.
    socket.cork();
    process.nextTick(uncork, socket);
    this.#writeHead(socket);
    const hold = this.#hold;
    this.#hold = undefined;
    for (const chunk of hold?.take() ?? []) if (!this.#over) this.#write(socket, chunk);
    if (this.#requestEnded && !this.#over) this.#finishRequest(socket, hold?.trailers);
  }

  onNoSocket(error: WireError): void {
    this.#fail(error);
  }

  #writeHead(socket: ServiceSocket): void {
    const { fieldsEnd, hasConnection } = this.#shape;
    if (!this.#upgrade || hasConnection)
      return socket.writeUncounted(this.#opening.subarray(this.#headAt));
    socket.cork();
    socket.writeUncounted(this.#opening.subarray(this.#headAt, fieldsEnd));
    socket.writeUncounted(CONNECTION_UPGRADE);
    socket.uncork();
  }

  // StreamOwner: the request

  onData(_stream: Stream, chunk: Uint8Array): void {
    if (this.#over) return;
    this.#host.toService(chunk.length);
    // What follows an upgrade request is in the new protocol: it waits for the 101.
    if (this.#socket === undefined || this.#upgrade) (this.#hold ??= new Hold()).add(chunk);
    else this.#write(this.#socket, chunk);
  }

  onTrailers(_stream: Stream, block: Uint8Array): void {
    if (this.#over) return;
    (this.#hold ??= new Hold()).trailers = block.slice();
  }

  onEnd(): void {
    if (this.#over || this.#requestEnded) return;
    this.#requestEnded = true;
    if (this.#upgrade) (this.#hold ??= new Hold()).ended = true;
    else if (this.#socket !== undefined) this.#finishRequest(this.#socket, this.#hold?.trailers);
  }

  onReset(): void {
    this.#drop();
    this.#finish(undefined);
  }

  /** Nobody wants the rest of the answer. */
  onStopped(): void {
    if (this.#over) return;
    this.#stream.reset(new WireError("cancelled", "the client went away"));
    this.onReset();
  }

  onWritable(): void {
    if (!this.#over) this.#socket?.resume();
  }

  onHead(): void {}

  #write(socket: ServiceSocket, chunk: Uint8Array): void {
    if (!this.#body.write(socket, chunk))
      this.#fail(new WireError("bad_request", "the body is longer than its content-length"));
  }

  #finishRequest(socket: ServiceSocket, trailers: Uint8Array | undefined): void {
    if (!this.#body.finish(socket, trailers))
      this.#fail(new WireError("bad_request", "the body is shorter than its content-length"));
  }

  // SocketOwner

  onBytes(_socket: ServiceSocket, chunk: Buffer, kept: boolean): void {
    if (this.#over) return;
    this.#opening = NO_BYTES;
    this.#answer.read(chunk, kept);
  }

  onTaken(_socket: ServiceSocket, bytes: number): void {
    if (!this.#over) this.#stream.consumed(bytes);
  }

  onFin(socket: ServiceSocket): void {
    if (socket === this.#socket && !this.#over) this.#ended(undefined);
  }

  onClosed(socket: ServiceSocket, error: NodeJS.ErrnoException | undefined): void {
    if (socket !== this.#socket || this.#over) return;
    this.#ended(error);
  }

  onConnected(): void {}

  #ended(error: NodeJS.ErrnoException | undefined): void {
    if (!this.#answer.begun && this.#mayRepeat()) return this.#repeat();
    // A close by RST completes nothing, also not an answer that ends with its connection.
    if (error !== undefined) return this.#fail(broken("the service broke off", error));
    this.#answer.end();
  }

  #mayRepeat(): boolean {
    return this.#reused && !this.#body.begun && isIdempotent(this.#opening, this.#headAt);
  }

  #repeat(): void {
    this.#host.retried();
    this.#pool.discard(this.#socket!);
    this.#socket = undefined;
    this.freshOnly = true;
    this.#pool.wait(this);
  }

  // AnswerSink

  onInformational(head: ResponseHead): void {
    this.#stream.head(headBlock(head), false);
  }

  onFinal(head: ResponseHead, bodiless: boolean): void {
    this.#status = head.status;
    this.#keepMs = head.keepAlive ? keepMs(head) : 0;
    this.#answerEnded = bodiless;
    this.#stream.head(headBlock(head), bodiless);
  }

  onPiece(piece: Uint8Array, kept: boolean, last: boolean): void {
    this.#answerEnded = last;
    this.#host.fromService(piece.length);
    const wanted = this.#stream.write(kept ? piece : copyOf(piece), last);
    if (!wanted && !last) this.#socket!.pause();
  }

  onComplete(trailers: readonly string[], excess: boolean): void {
    if (trailers.length > 0) this.#stream.trailers(latin1Bytes(linesOf(trailers)));
    else if (!this.#answerEnded) this.#stream.end();
    if (!this.#requestEnded) this.#stream.stop();
    const written = this.#requestEnded || this.#upgrade;
    const socket = this.#socket!;
    this.#socket = undefined;
    // E1
    if (written && !excess) this.#pool.release(socket, this.#keepMs);
    else this.#pool.discard(socket);
    this.#finish(undefined);
  }

  onSwitched(head: ResponseHead, rest: Buffer): void {
    if (!this.#upgrade) return this.#fail(broken("the service changed the protocol unasked"));
    this.#stream.head(headBlock(head), false);
    const relay = new Relay({
      stream: this.#stream,
      socket: this.#socket!,
      pool: this.#pool,
      host: this.#host,
      origin: this.origin,
      status: head.status,
      boundaries: head.upgrade === "websocket" ? new WebSocketBoundaries() : undefined,
    });
    this.#over = true;
    this.#socket = undefined;
    this.#host.handedOver(this, relay);
    relay.begin(this.#hold, rest);
  }

  onBroken(why: string): void {
    this.#fail(broken(why));
  }

  // Endings

  cutOff(error: WireError): void {
    this.#fail(error);
  }

  #fail(error: WireError): void {
    if (this.#over) return;
    this.#stream.reset(error);
    this.#drop();
    this.#finish(error);
  }

  #drop(): void {
    if (this.#socket === undefined) this.#pool.forget(this);
    else this.#pool.discard(this.#socket);
    this.#socket = undefined;
  }

  #finish(error: WireError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#opening = NO_BYTES;
    this.#host.finished(this, this.#stream, { status: this.#status, error });
  }
}

function uncork(socket: ServiceSocket): void {
  socket.uncork();
}

/** A service says how long it keeps a connection; a request that arrives as it closes is lost. */
const CLOSING_SOON_MS = 1_000;

/** How long a connection is worth keeping, milliseconds. */
function keepMs(head: ResponseHead): number {
  const said = head.keepAliveWords;
  const seconds = said === undefined ? undefined : /(?:^|[,;\s])timeout=(\d{1,6})/i.exec(said)?.[1];
  return seconds === undefined ? Infinity : Number(seconds) * 1_000 - CLOSING_SOON_MS;
}
