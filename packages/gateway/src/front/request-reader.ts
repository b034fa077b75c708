import { latin1Text } from "@warren/host";
import {
  BodyReader,
  findHeadEnd,
  parseRequestHead,
  Refusal,
  requestStart,
  type BodySink,
  type RequestHead,
} from "@warren/http";
import { LIMITS, WireError } from "@warren/wire";
import { SlowWatch } from "./slow-watch.ts";

/** What to read next; the connection says so. */
export const WANTS = { head: 0, body: 1, nothing: 2 } as const;
export type Wants = (typeof WANTS)[keyof typeof WANTS];

/** Who takes the requests of a connection. Each call may change what is wanted. */
export interface RequestSink extends BodySink {
  onRequest(head: RequestHead): void;
  /** The body is complete. */
  onRequestEnd(trailers: readonly string[]): void;
  /** Not a request: nobody knows where another one would begin. */
  onUnreadable(error: WireError): void;
  /** The connection's first bytes are the preface of HTTP/2, which is still in `rest`. */
  onPreface(): void;
}

const HTTP2_PREFACE = "PRI * HTTP/2.0\r\n\r\n";
const NOBODY: BodySink = { onBody() {} };
const NO_BYTES = Buffer.alloc(0);

/**
 * Reads requests out of a connection's bytes: a head, its body, and not a byte of the next head
 * before it is wanted. Holds what came ahead of its turn.
 */
export class RequestReader {
  wants: Wants = WANTS.head;
  /** No request has come yet. */
  first = true;
  readonly slow: SlowWatch;
  readonly #sink: RequestSink;
  /** Read and not used yet, from `#at` on. */
  #bytes: Buffer | undefined;
  #at = 0;
  #searched = 0;
  #body: BodyReader | undefined;
  #reading = false;
  #kept = true;

  constructor(sink: RequestSink, nowMs: number) {
    this.#sink = sink;
    this.slow = new SlowWatch(nowMs);
  }

  /** Bytes that wait for their turn. */
  get held(): number {
    return this.#bytes === undefined ? 0 : this.#bytes.length - this.#at;
  }
  /** What was read behind its turn, for good. */
  get rest(): Buffer {
    const rest = this.#bytes?.subarray(this.#at) ?? NO_BYTES;
    return this.#kept ? rest : Buffer.from(rest);
  }
  /** Pieces that are handed over stay as they are; else the next read overwrites them. */
  get kept(): boolean {
    return this.#kept;
  }
  /** The request under way has more body to come. */
  get inBody(): boolean {
    return this.#body !== undefined;
  }
  /** All of the body is known: what is being handed over is its last piece. */
  get atLastPiece(): boolean {
    return this.#body?.done === true;
  }

  push(chunk: Buffer, kept: boolean, nowMs: number): void {
    this.slow.passed(chunk.length);
    const held = this.held > 0;
    this.#bytes = held ? Buffer.concat([this.rest, chunk]) : chunk;
    this.#kept = kept || held;
    this.#at = 0;
    this.read(nowMs);
    if (this.#kept) return;
    // Waits for its turn, or for more.
    if (this.#bytes !== undefined) this.#bytes = this.rest;
    this.#at = 0;
    this.#kept = true;
  }

  /** Goes on as far as it can. */
  read(nowMs: number): void {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#bytes !== undefined && this.#step(nowMs));
    this.#reading = false;
  }

  /** Throws away what is here of the body. True when that was all of it. */
  skipBody(): boolean {
    const body = this.#body;
    if (body === undefined) return true;
    if (this.#bytes === undefined) return false;
    const next = body.read(this.#bytes, this.#at, NOBODY);
    if (next instanceof Refusal || !body.done) return false;
    this.#advance(next);
    this.#body = undefined;
    return true;
  }

  /** Forgets everything. */
  end(): void {
    this.wants = WANTS.nothing;
    this.#bytes = this.#body = undefined;
  }

  /** False when it takes more bytes, or another word from the connection, to go on. */
  #step(nowMs: number): boolean {
    if (this.wants === WANTS.head) return this.#head(this.#bytes!, nowMs);
    return this.wants === WANTS.body && this.#bodyPart(this.#bytes!);
  }

  #advance(to: number): void {
    this.#at = to;
    this.#searched = 0;
    if (this.#bytes !== undefined && to >= this.#bytes.length) this.#bytes = undefined;
  }

  #head(bytes: Buffer, nowMs: number): boolean {
    const start = requestStart(bytes, this.#at);
    if (start === -1) return false;
    const end = findHeadEnd(bytes, Math.max(start, this.#searched - 3));
    const known = (end === -1 ? bytes.length : end) - start;
    if (known > LIMITS.headBytes)
      return this.#unreadable(new WireError("headers_too_large", "the head is larger than 64 KiB"));
    if (end === -1) {
      if (this.#searched === 0) this.slow.restart(nowMs, known);
      this.#searched = bytes.length - this.#at;
      return false;
    }
    const text = latin1Text(bytes, start, end);
    const head = parseRequestHead({ bytes, from: start, text });
    if (head instanceof Refusal) return this.#notARequest(head, text);
    this.#advance(end);
    this.first = false;
    this.wants = WANTS.nothing;
    this.#body = head.framing === "none" ? undefined : new BodyReader(head);
    this.#sink.onRequest(head);
    return true;
  }

  #notARequest(refusal: Refusal, text: string): false {
    if (!this.first || text !== HTTP2_PREFACE)
      return this.#unreadable(new WireError(refusal.code, refusal.message));
    this.#sink.onPreface();
    return false;
  }

  #bodyPart(bytes: Buffer): boolean {
    const body = this.#body;
    if (body === undefined) return false;
    const next = body.read(bytes, this.#at, this.#sink);
    // The sink may have given the request up, and this with it.
    if (this.#body !== body) return false;
    if (next instanceof Refusal) return this.#unreadable(new WireError(next.code, next.message));
    this.#advance(next);
    if (!body.done) return true;
    this.#body = undefined;
    this.wants = WANTS.nothing;
    this.#sink.onRequestEnd(body.trailers);
    return true;
  }

  #unreadable(error: WireError): false {
    this.end();
    this.#sink.onUnreadable(error);
    return false;
  }
}
