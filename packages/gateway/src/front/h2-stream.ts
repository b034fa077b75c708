import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { latin1Bytes, latin1Source, latin1Text, unpinned } from "@warren/host";
import {
  endToEnd,
  fieldOf,
  http2Fields,
  http2ResponseList,
  parseResponseHead,
  parseTrailers,
  readHttp2Request,
  readHttp2Trailers,
  Refusal,
  linesOf,
  type ResponseHead,
} from "@warren/http";
import type { Stream } from "@warren/tunnel";
import { LIMITS, WireError } from "@warren/wire";
import { errorAnswer, type ErrorAnswer } from "../answers/error-answer.ts";
import { answerFields } from "./answer-fields.ts";
import { Exchange, type ExchangeOwner } from "./exchange.ts";
import type { Flushed, FrontContext } from "./front-context.ts";
import { overdue } from "./overdue.ts";
import type { Peer } from "./peer.ts";
import { SlowWatch } from "./slow-watch.ts";

const CANCELLED = new WireError("cancelled", "the client went away");

/** Who keeps the streams of a connection. */
export interface H2StreamHost {
  ended(stream: H2Stream): void;
}

/** One request over HTTP/2 and its answer: the same exchange as over HTTP/1.1. */
export class H2Stream implements ExchangeOwner, Flushed {
  readonly #context: FrontContext;
  readonly #host: H2StreamHost;
  readonly #h2: ServerHttp2Stream;
  readonly #slow: SlowWatch;
  #exchange: Exchange | undefined;
  #answered = false;
  #blocked = false;
  #stopped = false;
  /** The client's direction is complete. */
  #requested = false;
  #requestTrailers: readonly string[] = [];
  #trailers: readonly string[] = [];
  /**
   * The answer's head until something follows it, at the latest at the end of the turn: a head that
   * ends its stream must say so itself (gRPC tells an error from an answer by it).
   */
  #waiting: string[] | undefined;

  constructor(context: FrontContext, host: H2StreamHost, h2: ServerHttp2Stream) {
    this.#context = context;
    this.#host = host;
    this.#h2 = h2;
    this.#slow = new SlowWatch(context.now());
  }

  begin(peer: Peer, raw: readonly string[], ended: boolean): void {
    const h2 = this.#h2;
    h2.on("close", this.#onClose).on("error", ignore).on("wantTrailers", this.#onWantTrailers);
    this.#requested = ended;
    const head = headBytes(raw) > LIMITS.headBytes ? TOO_LARGE : readHttp2Request(raw, ended);
    if (head instanceof Refusal) return this.#unreadable(head, peer);
    if (!ended) h2.on("trailers", this.#onTrailers);
    this.#exchange = new Exchange(this.#context, peer, this, head);
    this.#exchange.start();
  }

  // The request

  onOpened(): void {
    const h2 = this.#h2;
    if (this.#requested || h2.listenerCount("data") > 0) return this.onWritable();
    this.#slow.restart(this.#context.now(), 0);
    h2.on("data", this.#onBytes).on("end", this.#onRequestEnd);
  }

  /** As on a socket of HTTP/1.1: a bug of ours that a client finds costs its own request. */
  readonly #onBytes = (chunk: Buffer): void => {
    try {
      this.#pass(chunk);
    } catch (error) {
      this.#context.deps.events.broke("client stream", error);
      this.destroy();
    }
  };

  #pass(chunk: Buffer): void {
    const exchange = this.#exchange!;
    this.#slow.passed(chunk.length);
    if (this.#stopped) return;
    const most = exchange.policy?.max_body_bytes;
    if (most !== undefined && exchange.bytesIn + chunk.length > most)
      return this.#fail(new WireError("payload_too_large", ""));
    if (exchange.forward(chunk, false)) return;
    this.#blocked = true;
    this.#h2.pause();
  }

  readonly #onTrailers = (_headers: unknown, _flags: number, raw: readonly string[]): void => {
    const trailers = readHttp2Trailers(raw);
    if (trailers instanceof Refusal)
      return this.#fail(new WireError(trailers.code, trailers.message));
    this.#requestTrailers = trailers;
  };

  readonly #onRequestEnd = (): void => {
    // Before its answer is complete a stream is only closed by a reset: that ends no body, not even
    // one that claims to be without an error. `close` follows.
    if (this.#h2.closed) return;
    this.#requested = true;
    const exchange = this.#exchange!;
    if (this.#stopped || exchange.ended) return;
    const trailers = this.#requestTrailers;
    exchange.forwardEnd(trailers.length === 0 ? undefined : latin1Bytes(linesOf(trailers)));
  };

  onWritable(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#slow.restart(this.#context.now(), 0);
    this.#h2.resume();
  }

  /** The rest of the body is read and thrown away, as fast as the session's window lets it come. */
  onStopped(stream: Stream): void {
    this.#stopped = true;
    stream.end();
    this.onWritable();
  }

  readonly #onClose = (): void => {
    this.#host.ended(this);
    this.#exchange?.abandon(CANCELLED);
    this.#exchange = undefined;
    this.#unhear();
  };

  // The answer

  onHead(_stream: Stream, block: Uint8Array): void {
    const exchange = this.#exchange!;
    const head = parseResponseHead(latin1Source(block), exchange.head);
    if (head instanceof Refusal || head.status === 101 || this.#answered)
      return this.#fail(new WireError("upstream_failed", "the answer is no HTTP"));
    if (head.status >= 200) this.#respond(exchange, head);
    else if (!exchange.mayInform())
      this.#fail(new WireError("upstream_failed", "too many informational answers"));
    else if (head.status !== 100 || exchange.head.expectContinue) this.#inform(exchange, head);
  }

  #inform(exchange: Exchange, head: ResponseHead): void {
    // Only this one makes the client go on: other news do not put the final answer off.
    if (head.status === 100) {
      exchange.continued = true;
      exchange.lastForwardedAt = this.#context.now();
      this.#slow.restart(exchange.lastForwardedAt, 0);
    }
    if (this.#h2.closed || this.#h2.destroyed) return;
    const fields = tableOf(http2Fields(endToEnd(head)));
    try {
      this.#h2.additionalHeaders({ ":status": head.status, ...fields });
    } catch (reason) {
      this.#fail(new WireError("upstream_failed", "a hint fits no HTTP/2", { cause: reason }));
    }
  }

  #respond(exchange: Exchange, head: ResponseHead): void {
    const { status } = head;
    const fields = answerFields(head, exchange, this.#context.settings.hstsSeconds);
    const contentLength = status === 204 ? -1 : head.contentLength;
    const list = http2ResponseList({ status, contentLength }, fields);
    this.#answered = true;
    exchange.answered(status);
    this.#waiting = list;
    if (head.framing === "none") this.#sayHead(true);
    else this.#context.flushSoon(this);
  }

  flush(): void {
    this.#sayHead(false);
  }

  destroy(): void {
    this.#h2.destroy();
  }

  /** Its client is gone. A second call does nothing. */
  abandon(): void {
    this.#onClose();
  }

  #sayHead(last: boolean): void {
    const list = this.#waiting;
    if (list === undefined) return;
    this.#waiting = undefined;
    if (this.#h2.closed || this.#h2.destroyed) return;
    try {
      this.#h2.respond(list, { endStream: last, waitForTrailers: !last });
    } catch (reason) {
      this.#answered = false;
      this.#fail(new WireError("upstream_failed", "the answer fits no HTTP/2", { cause: reason }));
    }
  }

  onData(stream: Stream, chunk: Uint8Array): void {
    this.#sayHead(false);
    if (!this.#answered || !this.#h2.writable)
      return this.#fail(new WireError("upstream_failed", "more body than announced"));
    this.#exchange!.bytesOut += chunk.length;
    this.#h2.write(unpinned(chunk), () => stream.consumed(chunk.length));
  }

  onTrailers(_stream: Stream, block: Uint8Array): void {
    const trailers = parseTrailers(latin1Text(block));
    if (trailers instanceof Refusal)
      return this.#fail(new WireError("upstream_failed", trailers.message));
    this.#sayHead(false);
    this.#trailers = trailers;
  }

  /** An empty block ends the stream with an empty DATA frame. Node refuses some repeated names. */
  readonly #onWantTrailers = (): void => {
    try {
      this.#h2.sendTrailers(tableOf(http2Fields(this.#trailers)));
    } catch {
      this.#h2.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  };

  onEnd(): void {
    if (!this.#answered)
      return this.#fail(new WireError("upstream_failed", "the answer broke off"));
    this.#sayHead(true);
    if (this.#exchange !== undefined) this.#finish();
  }

  onReset(_stream: Stream, error: WireError): void {
    if (error.code !== "refused" || this.#answered) return this.#fail(error);
    this.#blocked = true; // until there is a stream again
    this.#h2.pause();
    if (!this.#exchange!.move()) this.#fail(error);
  }

  onOwnAnswer(answer: ErrorAnswer): void {
    this.#exchange!.bytesOut = answer.body.length;
    this.#sayOwn(answer);
    this.#finish();
  }

  #sayOwn({ status, fields, body }: ErrorAnswer): void {
    if (this.#h2.closed || this.#h2.destroyed) return;
    this.#answered = true;
    const list = [":status", String(status), ...fields, "date", new Date().toUTCString()];
    this.#h2.respond(list, { endStream: body.length === 0 });
    if (body.length > 0) this.#h2.write(body);
  }

  #unreadable(refusal: Refusal, peer: Peer): void {
    const { deps } = this.#context;
    const error = new WireError(refusal.code, refusal.message);
    deps.events.requestUnreadable(error, peer.address.address);
    const refused = { method: undefined, accept: undefined, requestId: deps.newRequestId() };
    this.#sayOwn(errorAnswer(error, refused));
    this.#finish();
  }

  /** The stream failed, or what came over it makes no sense. */
  #fail(error: WireError): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.stream?.reset(error);
    if (!this.#answered) return exchange.refuse(error);
    exchange.code = error.code;
    exchange.finish();
    this.#exchange = undefined;
    this.#unhear();
    this.#h2.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  /** Node hands over what it still holds of the request when a stream is closed. */
  #unhear(): void {
    this.#h2.off("data", this.#onBytes).off("end", this.#onRequestEnd);
  }

  /** Ends the answer; what is left of the request is of no use to anybody (RFC 9113 §8.1). */
  #finish(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    const h2 = this.#h2;
    if (!this.#requested) {
      exchange?.stream?.reset(CANCELLED);
      this.#unhear();
      h2.once("finish", () => h2.close(constants.NGHTTP2_NO_ERROR));
    }
    exchange?.finish();
    h2.end();
    h2.resume();
  }

  sweep(nowMs: number): void {
    const exchange = this.#exchange;
    if (exchange?.isOverdue(nowMs) === true) return this.#fail(overdue(exchange.opened));
    if (exchange?.stream === undefined || this.#answered) return;
    const waiting = !this.#requested && !this.#blocked && !this.#stopped;
    if (waiting && !exchange.awaitsContinue) {
      const slow = this.#slow.isSlow(nowMs, this.#context.settings.slowMs);
      if (slow && !isGrpc(exchange)) this.#fail(new WireError("request_timeout", ""));
    } else if (exchange.isLate(nowMs)) this.#fail(overdue(exchange.opened));
  }

  cutOff(): void {
    this.#fail(new WireError("draining", "the gateway is going"));
  }
}

const TOO_LARGE = new Refusal("headers_too_large", "the header block is larger than 64 KiB");

function headBytes(raw: readonly string[]): number {
  let bytes = 0;
  for (const text of raw) bytes += text.length + 2;
  return bytes;
}

/** A call may listen for hours before it says anything: that is not slowness. */
function isGrpc(exchange: Exchange): boolean {
  return fieldOf(exchange.head.fields, "content-type")?.startsWith("application/grpc") === true;
}

/** For calls of node:http2 that take no flat list: repeated names become arrays. */
function tableOf(fields: readonly string[]): OutgoingHttpHeaders {
  const table: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    const before = table[name];
    table[name] = before === undefined ? value : [before, value].flat();
  }
  return table;
}

function ignore(): void {}
