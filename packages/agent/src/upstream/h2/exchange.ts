import { latin1Bytes, latin1Source, latin1Text, unpinned } from "@warren/host";
import { constants, type ClientHttp2Stream } from "node:http2";
import {
  endToEnd,
  MAX_FIELDS,
  http2RequestList,
  parseRequestHead,
  parseTrailers,
  readHttp2Response,
  readHttp2Trailers,
  Refusal,
  linesOf,
  type RequestHead,
} from "@warren/http";
import type { Stream, StreamOwner } from "@warren/tunnel";
import { WireError } from "@warren/wire";
import { broken } from "../failures.ts";
import { headBlock } from "../head-block.ts";
import { Hold } from "../hold.ts";
import type { Origin, Running, StreamHost } from "../host.ts";
import { endedWhole, watchEnd } from "./end-watch.ts";
import type { Session } from "./session.ts";
import type { SessionPool, SessionWaiter } from "./session-pool.ts";

/** An opened stream on its way to an HTTP/2 service. */
export interface Http2Errand {
  stream: Stream;
  opening: Uint8Array;
  headAt: number;
  ended: boolean;
  scheme: "http" | "https";
  pool: SessionPool;
  host: StreamHost;
  origin: Origin;
}

const { NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_FLAG_END_STREAM } = constants;
/** A service may refuse a stream unread, for instance as it goes away; more than this is a fault. */
const MOST_REFUSALS = 3;
/** As many as a gateway takes of a client, and room for what it adds. */
const MOST_FIELDS = MAX_FIELDS + 20;

/**
 * One request to an HTTP/2 service and its answer. A request is sent again only if the service
 * refused it unread (RFC 9113 §8.7) and nothing of a body has left.
 */
export class Http2Exchange implements StreamOwner, SessionWaiter, Running {
  place = -1;
  readonly origin: Origin;
  readonly #stream: Stream;
  readonly #pool: SessionPool;
  readonly #host: StreamHost;
  readonly #head: RequestHead;
  readonly #scheme: "http" | "https";
  #hold: Hold | undefined;
  #request: ClientHttp2Stream | undefined;
  /**
   * Cancels with RST_STREAM(CANCEL). Not by `request.close(CANCEL)`: with `waitForTrailers` and a
   * body under way that ends the process in an assertion of node::http2 (seen on Node 26.10).
   */
  #cancel = new AbortController();
  #ended: boolean;
  #bodyBegun = false;
  #refusals = 0;
  #status = 0;
  #trailers: readonly string[] | undefined;
  #over = false;

  private constructor(errand: Http2Errand, head: RequestHead) {
    this.origin = errand.origin;
    this.#stream = errand.stream;
    this.#pool = errand.pool;
    this.#host = errand.host;
    this.#scheme = errand.scheme;
    this.#ended = errand.ended;
    this.#head = head;
    this.#stream.owner = this;
  }

  /** Undefined, with the stream reset, when the head cannot be sent. */
  static create(errand: Http2Errand): Http2Exchange | undefined {
    const head = parseRequestHead(latin1Source(errand.opening, errand.headAt), MOST_FIELDS);
    if (head instanceof Refusal || (errand.ended && head.contentLength > 0)) {
      errand.stream.reset(new WireError("bad_request", "the opening's head is malformed"));
      return undefined;
    }
    return new Http2Exchange(errand, head);
  }

  begin(): void {
    this.#pool.wait(this);
  }

  onSession(session: Session): void {
    const list = http2RequestList(this.#head, endToEnd(this.#head), this.#scheme);
    const hold = this.#hold;
    this.#hold = undefined;
    try {
      const bodiless = this.#ended && hold === undefined;
      this.#request = session.request(list, bodiless, this.#cancel.signal);
    } catch (cause) {
      return this.#fail(broken("the request cannot be said in HTTP/2", cause));
    }
    this.#listen(this.#request);
    for (const chunk of hold?.take() ?? []) this.#write(this.#request, chunk);
    if (hold?.ended === true) this.#finishRequest(this.#request, hold.trailers);
  }

  onNoSession(error: WireError): void {
    this.#fail(error);
  }

  // StreamOwner: the request

  onData(_stream: Stream, chunk: Uint8Array): void {
    if (this.#over) return;
    this.#host.toService(chunk.length);
    if (this.#request === undefined) (this.#hold ??= new Hold()).add(chunk);
    else this.#write(this.#request, chunk);
  }

  onTrailers(_stream: Stream, block: Uint8Array): void {
    if (!this.#over) (this.#hold ??= new Hold()).trailers = block.slice();
  }

  onEnd(): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    if (this.#request === undefined) (this.#hold ??= new Hold()).ended = true;
    else this.#finishRequest(this.#request, this.#hold?.trailers);
  }

  onReset(): void {
    this.#finish(undefined);
    this.#drop();
  }

  onStopped(): void {
    if (this.#over) return;
    this.#stream.reset(new WireError("cancelled", "the client went away"));
    this.onReset();
  }

  onWritable(): void {
    if (!this.#over) this.#request?.resume();
  }

  onHead(): void {}

  #write(request: ClientHttp2Stream, chunk: Uint8Array): void {
    this.#bodyBegun = true;
    request.write(unpinned(chunk), () => {
      if (!this.#over) this.#stream.consumed(chunk.length);
    });
  }

  #finishRequest(request: ClientHttp2Stream, block: Uint8Array | undefined): void {
    const trailers = block === undefined ? [] : parseTrailers(latin1Text(block));
    if (trailers instanceof Refusal)
      return this.#fail(new WireError("bad_request", trailers.message));
    request.once("wantTrailers", () => this.#sayTrailers(request, trailers));
    request.end();
  }

  /** A name that HTTP/2 knows once only may come twice from a client. */
  #sayTrailers(request: ClientHttp2Stream, trailers: readonly string[]): void {
    try {
      request.sendTrailers(asHeaders(trailers));
    } catch (cause) {
      this.#fail(new WireError("bad_request", "the trailers cannot be said in HTTP/2", { cause }));
    }
  }

  // The answer

  #listen(request: ClientHttp2Stream): void {
    watchEnd(request);
    request.on("continue", () => this.#onHeaders([":status", "100"], false));
    request.on("headers", (_headers, _flags, raw) => this.#onHeaders(raw, false));
    request.on("response", (_headers, flags, raw) =>
      this.#onHeaders(raw, (flags & NGHTTP2_FLAG_END_STREAM) !== 0),
    );
    request.on("trailers", (_headers, _flags, raw) => this.#onServiceTrailers(raw));
    request.on("data", (chunk: Buffer) => this.#onServiceData(request, chunk));
    request.on("end", () => this.#onServiceEnd(request));
    // What an error means is in `rstCode` when `close` comes.
    request.on("error", () => {});
    request.on("close", () => this.#onClose(request));
  }

  #onHeaders(raw: readonly string[], ended: boolean): void {
    if (this.#over) return;
    const head = readHttp2Response(raw, this.#head, ended);
    if (head instanceof Refusal) return this.#fail(broken(head.message));
    if (head.status >= 200) this.#status = head.status;
    this.#stream.head(headBlock(head), false);
  }

  #onServiceTrailers(raw: readonly string[]): void {
    if (this.#over) return;
    const trailers = readHttp2Trailers(raw);
    if (trailers instanceof Refusal) return this.#fail(broken(trailers.message));
    this.#trailers = trailers;
  }

  #onServiceData(request: ClientHttp2Stream, chunk: Buffer): void {
    if (this.#over) return;
    this.#host.fromService(chunk.length);
    if (!this.#stream.write(chunk, false)) request.pause();
  }

  /** All data was read. It also comes for a stream that was reset: then `close` decides. */
  #onServiceEnd(request: ClientHttp2Stream): void {
    if (this.#over || this.#status === 0 || request.rstCode !== NGHTTP2_NO_ERROR) return;
    if (!endedWhole(request)) return;
    const trailers = this.#trailers ?? [];
    if (trailers.length > 0) this.#stream.trailers(latin1Bytes(linesOf(trailers)));
    else this.#stream.end();
    if (!this.#ended) {
      this.#stream.stop();
      this.#finish(undefined);
      return this.#cancel.abort();
    }
    this.#finish(undefined);
  }

  #onClose(request: ClientHttp2Stream): void {
    if (this.#over || request !== this.#request) return;
    const refused = request.rstCode === NGHTTP2_REFUSED_STREAM && this.#status === 0;
    if (!refused || this.#bodyBegun || ++this.#refusals > MOST_REFUSALS)
      return this.#fail(broken(`the service reset the stream (${request.rstCode})`));
    this.#host.retried();
    this.#request = undefined;
    this.#pool.wait(this);
  }

  // Endings

  cutOff(error: WireError): void {
    this.#fail(error);
  }

  #fail(error: WireError): void {
    if (this.#over) return;
    this.#stream.reset(error);
    this.#finish(error);
    this.#drop();
  }

  #drop(): void {
    if (this.#request === undefined) this.#pool.forget(this);
    else this.#cancel.abort();
  }

  #finish(error: WireError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#host.finished(this, this.#stream, { status: this.#status, error });
  }
}

/** Node takes trailers as an object; one name's values stay in order. */
function asHeaders(fields: readonly string[]): Record<string, string[]> {
  const headers = Object.create(null) as Record<string, string[]>;
  for (let i = 0; i < fields.length; i += 2) {
    (headers[fields[i]!.toLowerCase()] ??= []).push(fields[i + 1]!);
  }
  return headers;
}
