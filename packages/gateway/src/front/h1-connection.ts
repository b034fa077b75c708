import type { Socket } from "node:net";
import { latin1Bytes, latin1Text } from "@warren/host";
import { Refusal, linesOf, type RequestHead } from "@warren/http";
import type { Stream } from "@warren/tunnel";
import { WireError } from "@warren/wire";
import { errorAnswer, type ErrorAnswer } from "../answers/error-answer.ts";
import { Exchange, type ExchangeOwner } from "./exchange.ts";
import { RESERVED_PATH, type FrontContext } from "./front-context.ts";
import { H1Answer, ownHeadText, type ConnectionWord } from "./h1-answer.ts";
import { overdue } from "./overdue.ts";
import type { Peer } from "./peer.ts";
import { RawRelay } from "./raw-relay.ts";
import { RequestReader, WANTS, type RequestSink } from "./request-reader.ts";
import { SocketSide } from "./socket-side.ts";
import { spend } from "./spent-stream.ts";

const PHASE = {
  /** Between requests, or in the middle of a head. */
  reading: 0,
  /** A request has no stream yet. */
  deciding: 1,
  /** A request has a stream. */
  relaying: 2,
  /** The last answer is written: what still comes is thrown away until the client closes. */
  lingering: 3,
  over: 4,
} as const;

/** What a client may send ahead of its turn before it is read no further. */
const AHEAD_BYTES = 65_536;
/** What is thrown away at the end, so that a client in the middle of an upload reads its answer. */
const LINGER_BYTES = 1_048_576;
const CANCELLED = new WireError("cancelled", "the client went away");

/** Takes over a connection that turns out to speak HTTP/2; what was read has been put back. */
export type OnPreface = (context: FrontContext, socket: Socket, peer: Peer) => void;

/**
 * A client's HTTP/1.1 connection: one request after the other, each a stream of a tunnel. Invariants:
 *
 * C1. Bytes are read in order: a request's body only once its stream is open, the next head only
 *     once the answer has been written whole.
 * C2. An answer that cannot be completed as announced ends the connection; the client must not take
 *     a part for the whole.
 * C3. The connection carries another request only if the request before was read to its end.
 */
export class H1Connection extends SocketSide implements ExchangeOwner, RequestSink {
  readonly #peer: Peer;
  readonly #preface: OnPreface | undefined;
  readonly #reader: RequestReader;
  #phase: number = PHASE.reading;
  #paused = false;
  /** The stream takes no more for now. */
  #blocked = false;
  /** The service reads no more of this request. */
  #stopped = false;
  #discarded = 0;
  #keepAlive = true;
  #exchange: Exchange | undefined;
  #answer: H1Answer | undefined;
  /** Since when there is nothing but silence to wait for. */
  #idleSince: number;

  private constructor(
    context: FrontContext,
    socket: Socket,
    { peer, onPreface }: { peer: Peer; onPreface: OnPreface | undefined },
  ) {
    super(context, socket);
    this.#peer = peer;
    this.#preface = onPreface;
    this.#idleSince = context.now();
    this.#reader = new RequestReader(this, this.#idleSince);
  }

  static begin(
    context: FrontContext,
    socket: Socket,
    how: { peer: Peer; onPreface: OnPreface | undefined },
  ): void {
    context.deps.events.connectionOpened("http/1.1");
    new H1Connection(context, socket, how).take();
  }

  protected get stream(): Stream | undefined {
    return this.#exchange?.stream;
  }

  // From the client

  onBytes(chunk: Buffer, kept: boolean): void {
    if (this.#phase === PHASE.lingering) return this.#discard(chunk.length);
    this.#reader.push(chunk, kept, this.context.now());
    this.#throttle();
  }

  onFin(): void {
    if (this.#phase === PHASE.reading) this.#linger();
    else if (this.#phase !== PHASE.lingering) this.#gone();
  }

  onClosed(): void {
    this.context.deps.events.connectionClosed("http/1.1");
    this.#gone();
  }

  #gone(): void {
    const exchange = this.#exchange;
    this.#end();
    exchange?.abandon(CANCELLED);
    this.socket.destroy();
  }

  #read(): void {
    this.#reader.read(this.context.now());
    this.#throttle();
  }

  #throttle(): void {
    const ahead = this.#phase !== PHASE.reading && this.#reader.held >= AHEAD_BYTES;
    const stop = this.#blocked || ahead || this.#discarded > LINGER_BYTES;
    if (stop === this.#paused) return;
    this.#paused = stop;
    if (stop) this.socket.pause();
    else this.socket.resume();
  }

  // Requests

  onRequest(head: RequestHead): void {
    if (head.target.startsWith(RESERVED_PATH)) return this.#reserved(head);
    this.#phase = PHASE.deciding;
    this.#keepAlive = head.keepAlive;
    this.#blocked = this.#stopped = false;
    this.#exchange = new Exchange(this.context, this.#peer, this, head);
    this.#exchange.start();
  }

  onPreface(): void {
    const { rest } = this.#reader;
    if (this.#preface === undefined)
      return this.onUnreadable(new WireError("version_not_supported", "HTTP/2 is not spoken here"));
    this.#end();
    this.context.deps.events.connectionClosed("http/1.1");
    this.#preface(this.context, this.release(rest), this.#peer);
  }

  #reserved(head: RequestHead): void {
    const { rest } = this.#reader;
    const { deps } = this.context;
    this.#end();
    deps.events.connectionClosed("http/1.1");
    const client = this.#peer.clientOf(head);
    const socket = this.release(undefined);
    deps.onReserved({ head, rest, socket, client, requestId: deps.newRequestId() });
  }

  onOpened(): void {
    this.#phase = PHASE.relaying;
    this.forgetConsumption();
    this.#blocked = false;
    if (!this.#reader.inBody) return;
    this.#reader.slow.restart(this.context.now(), 0);
    this.#reader.wants = WANTS.body;
    this.#read();
  }

  onBody(piece: Uint8Array): void {
    if (this.#stopped) {
      this.#discarded += piece.length;
      return;
    }
    const exchange = this.#exchange!;
    const most = exchange.policy?.max_body_bytes;
    if (most !== undefined && exchange.bytesIn + piece.length > most)
      return this.#fail(new WireError("payload_too_large", ""));
    const last = exchange.head.framing === "length" && this.#reader.atLastPiece;
    if (exchange.forward(this.#reader.kept ? piece : Buffer.from(piece), last)) return;
    this.#blocked = true;
    this.#reader.wants = WANTS.nothing;
  }

  onRequestEnd(trailers: readonly string[]): void {
    this.#blocked = false;
    const exchange = this.#exchange!;
    if (exchange.ended || this.#stopped) return;
    exchange.forwardEnd(trailers.length === 0 ? undefined : latin1Bytes(linesOf(trailers)));
  }

  onWritable(): void {
    this.#blocked = false;
    if (!this.#reader.inBody) return this.#throttle();
    this.#reader.slow.restart(this.context.now(), 0);
    this.#reader.wants = WANTS.body;
    this.#read();
  }

  onStopped(stream: Stream): void {
    this.#stopped = true;
    stream.end();
    this.onWritable();
  }

  /** In a head, or in the body of a request that has its stream. */
  onUnreadable(error: WireError): void {
    this.#keepAlive = false;
    if (this.#exchange !== undefined) return this.#fail(error);
    const { deps } = this.context;
    deps.events.requestUnreadable(error, this.#peer.address.address);
    const refused = { method: undefined, accept: undefined, requestId: deps.newRequestId() };
    this.#sayOwn(errorAnswer(error, refused), "close");
    this.#linger();
  }

  // Answers of the service

  onHead(_stream: Stream, block: Uint8Array): void {
    const exchange = this.#exchange!;
    if (this.#answer !== undefined) return this.#fail(failed("a second answer"));
    const answer = H1Answer.read(block, exchange);
    if (answer instanceof Refusal) return this.#fail(failed(answer.message));
    if (answer.status === 101) return this.#switch(exchange, answer);
    if (answer.status < 200) return this.#informational(exchange, answer);
    exchange.answered(answer.status);
    this.#answer = answer;
    // C3: a client that may still be sending its body cannot send another request behind it.
    this.#keepAlive &&= !this.context.draining && !this.#reader.inBody && !answer.untilClose;
    this.say(answer.headText(this.#connectionWord, this.context.settings.hstsSeconds));
  }

  get #connectionWord(): ConnectionWord {
    if (!this.#keepAlive) return "close";
    return this.#exchange!.head.minor === 0 ? "keep-alive" : "";
  }

  #informational(exchange: Exchange, answer: H1Answer): void {
    if (!exchange.mayInform()) return this.#fail(failed("too many informational answers"));
    if (exchange.head.minor === 0) return;
    if (answer.status === 100) {
      if (!exchange.head.expectContinue) return;
      exchange.continued = true;
      exchange.lastForwardedAt = this.context.now();
      this.#reader.slow.restart(exchange.lastForwardedAt, 0);
    }
    this.say(answer.informationalText());
  }

  #switch(exchange: Exchange, answer: H1Answer): void {
    if (exchange.head.upgrade === "") return this.#fail(failed("a switch that nobody asked for"));
    exchange.answered(101);
    this.say(answer.switchText());
    this.flush();
    const { stream } = exchange.opened!;
    const { rest } = this.#reader;
    exchange.finish();
    this.#end();
    // A relay of its own from here on, counted as such: it holds nothing of the request.
    this.context.deps.events.connectionClosed("http/1.1");
    const framed = answer.upgrade === "websocket" ? "websocket" : "unframed";
    RawRelay.begin(this.context, this.socket, { stream, protocol: "http/1.1", framed, rest });
  }

  onData(_stream: Stream, chunk: Uint8Array): void {
    const answer = this.#answer;
    if (answer?.take(chunk.length) !== true) return this.#fail(failed("more body than announced"));
    this.#exchange!.bytesOut += chunk.length;
    if (!answer.chunked) return this.relay(chunk);
    this.say(answer.before(chunk.length));
    this.relay(chunk);
    this.say("\r\n");
  }

  onTrailers(_stream: Stream, block: Uint8Array): void {
    const refusal = this.#answer?.readTrailers(block);
    if (refusal !== undefined) this.#fail(failed(refusal.message));
  }

  onEnd(): void {
    if (this.#answer?.complete !== true) return this.#fail(failed("the answer broke off"));
    if (this.#answer.chunked) this.say(this.#answer.end);
    this.#answered();
  }

  onReset(_stream: Stream, error: WireError): void {
    if (error.code !== "refused" || this.#answer !== undefined) return this.#fail(error);
    this.#phase = PHASE.deciding;
    this.#reader.wants = WANTS.nothing; // until there is a stream again
    if (!this.#exchange!.move()) this.#fail(error);
  }

  // Answers of the gateway

  onOwnAnswer(answer: ErrorAnswer): void {
    this.#exchange!.bytesOut = answer.body.length;
    // A small body that is already here is read past; for a longer one the connection ends.
    const whole = this.#reader.skipBody();
    this.#keepAlive &&= whole && !this.context.draining;
    this.#sayOwn(answer, this.#connectionWord);
    this.#answered();
  }

  #sayOwn(answer: ErrorAnswer, connection: ConnectionWord): void {
    this.say(ownHeadText(answer, connection));
    this.say(latin1Text(answer.body));
  }

  /** The stream failed, or what came over it makes no sense. */
  #fail(error: WireError): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.stream?.reset(error);
    if (this.#answer === undefined) return exchange.refuse(error);
    this.#end();
    exchange.code = error.code;
    exchange.finish();
    this.flush();
    this.abort(); // C2
  }

  #answered(): void {
    const exchange = this.#exchange!;
    const whole = !this.#reader.inBody;
    this.#exchange = this.#answer = undefined;
    if (exchange.stream !== undefined)
      spend(exchange.stream, whole && exchange.head.upgrade !== "");
    exchange.finish();
    if (!this.#keepAlive || !whole) return this.#linger();
    this.#phase = PHASE.reading;
    this.#idleSince = this.context.now();
    this.#reader.wants = WANTS.head;
    this.#read();
  }

  // Endings

  #linger(): void {
    this.#end();
    this.#phase = PHASE.lingering;
    this.#idleSince = this.context.now();
    this.#discarded = 0;
    this.#blocked = false;
    this.flush();
    this.socket.end();
    this.#throttle();
  }

  #discard(bytes: number): void {
    this.#discarded += bytes;
    if (this.#discarded > LINGER_BYTES) this.socket.destroy();
  }

  #end(): void {
    this.#phase = PHASE.over;
    this.#exchange = this.#answer = undefined;
    this.#reader.end();
  }

  sweep(nowMs: number): void {
    const { settings, draining } = this.context;
    const idleMs = nowMs - this.#idleSince;
    if (this.#exchange?.isOverdue(nowMs) === true)
      return this.#fail(overdue(this.#exchange.opened));
    if (this.#phase === PHASE.relaying) return this.#sweepRequest(this.#exchange!, nowMs);
    if (this.#phase === PHASE.lingering) {
      // A slow reader of the last answer may take its time.
      if (this.socket.writableLength > 0) this.#idleSince = nowMs;
      else if (idleMs >= settings.lingerMs) this.socket.destroy();
    } else if (this.#phase === PHASE.reading) {
      const { held, first, slow } = this.#reader;
      const keepMs = draining ? settings.drainIdleMs : settings.keepAliveMs;
      if (held > 0 && slow.isSlow(nowMs, settings.slowMs))
        this.onUnreadable(new WireError("request_timeout", ""));
      else if (held === 0 && idleMs >= (first ? settings.slowMs : keepMs)) this.#linger();
    }
  }

  #sweepRequest(exchange: Exchange, nowMs: number): void {
    if (this.#answer !== undefined) return;
    const { inBody, slow } = this.#reader;
    const { slowMs } = this.context.settings;
    if (inBody && !this.#blocked && !this.#stopped && !exchange.awaitsContinue) {
      if (slow.isSlow(nowMs, slowMs)) this.#fail(new WireError("request_timeout", ""));
    } else if (exchange.isLate(nowMs)) this.#fail(overdue(exchange.opened));
  }

  /** The next answer says `connection: close`; the sweep ends what is idle. */
  drain(): void {}

  cutOff(): void {
    this.#keepAlive = false;
    if (this.#exchange !== undefined) this.#fail(new WireError("draining", "the gateway is going"));
    else if (this.#phase === PHASE.reading) this.#linger();
  }
}

function failed(why: string): WireError {
  return new WireError("upstream_failed", why);
}
