import { latin1Source, latin1Text } from "@warren/host";
import {
  BodyReader,
  type BodySink,
  findHeadEnd,
  parseResponseHead,
  Refusal,
  type ResponseHead,
} from "@warren/http";
import { LIMITS } from "@warren/wire";

/** Who takes an answer, in order: informational heads, then a final one, pieces, and its end. */
export interface AnswerSink {
  onInformational(head: ResponseHead): void;
  /** `bodiless`: the answer is complete with its head. */
  onFinal(head: ResponseHead, bodiless: boolean): void;
  /** `piece` is a view into what was read, which is the sink's to keep when `kept`. */
  onPiece(piece: Uint8Array, kept: boolean, last: boolean): void;
  /** After `onFinal` with `bodiless`, a last piece, or when the end came by itself. */
  onComplete(trailers: readonly string[], excess: boolean): void;
  /** After a 101: `rest` is in the new protocol already. */
  onSwitched(head: ResponseHead, rest: Buffer): void;
  onBroken(why: string): void;
}

/** More than this is a service that never answers. */
const MOST_INFORMATIONAL = 32;
const BEGINNING = "HTTP/1.";
const NO_TRAILERS: readonly string[] = [];
const ASKED_HEAD = { method: "HEAD" };
const ASKED_OTHER = { method: "GET" };

/** Reads one answer out of a connection's bytes, however they are cut. */
export class AnswerReader implements BodySink {
  /** Some byte of an answer has come. */
  begun = false;
  readonly #asked: { readonly method: string };
  readonly #sink: AnswerSink;
  /** An unfinished head. */
  #part: Buffer | undefined;
  #searched = 0;
  #informational = 0;
  #body: BodyReader | undefined;
  #kept = false;
  #over = false;

  constructor(headRequest: boolean, sink: AnswerSink) {
    this.#asked = headRequest ? ASKED_HEAD : ASKED_OTHER;
    this.#sink = sink;
  }

  read(chunk: Buffer, kept: boolean): void {
    this.begun = true;
    this.#kept = kept;
    if (this.#body === undefined) this.#readHeads(chunk);
    else this.#readBody(this.#body, chunk, 0);
  }

  /** The service will send no more. */
  end(): void {
    if (this.#over) return;
    if (this.#body === undefined)
      return this.#broken(
        this.begun ? "the service broke off in the head" : "the service closed without an answer",
      );
    if (this.#body.finish() !== undefined) return this.#broken("the service broke off in the body");
    this.#over = true;
    this.#sink.onComplete(NO_TRAILERS, true);
  }

  onBody(piece: Uint8Array): void {
    this.#sink.onPiece(piece, this.#kept, false);
  }

  #readHeads(chunk: Buffer): void {
    let bytes = this.#part === undefined ? chunk : Buffer.concat([this.#part, chunk]);
    while (!this.#over) {
      const end = findHeadEnd(bytes, Math.max(0, this.#searched - 3));
      if (end === -1 || end > LIMITS.headBytes) return this.#keepPart(bytes, chunk);
      this.#searched = 0;
      const head = parseResponseHead(latin1Source(bytes, 0, end), this.#asked);
      if (head instanceof Refusal) return this.#broken(head.message);
      const rest = bytes.subarray(end);
      if (head.status >= 200 || head.status === 101) {
        // A head that was put together lives in a buffer of its own.
        if (this.#part !== undefined) this.#kept = true;
        this.#part = undefined;
        return this.#onLastHead(head, rest);
      }
      if (++this.#informational > MOST_INFORMATIONAL) return this.#broken("too many 1xx heads");
      this.#sink.onInformational(head);
      bytes = rest;
      if (bytes.length === 0) {
        this.#part = undefined;
        return;
      }
    }
  }

  #keepPart(bytes: Buffer, chunk: Buffer): void {
    if (bytes.length > LIMITS.headBytes) return this.#broken("the head is too large");
    if (!mayBeHead(bytes)) return this.#broken("what the service says is not HTTP/1");
    this.#searched = bytes.length;
    const shared = bytes.buffer === chunk.buffer;
    this.#part = shared ? Buffer.from(bytes) : bytes;
  }

  #onLastHead(head: ResponseHead, rest: Buffer): void {
    if (head.status === 101) {
      this.#over = true;
      return this.#sink.onSwitched(head, rest);
    }
    const { framing, contentLength } = head;
    if (framing === "none") {
      this.#over = true;
      this.#sink.onFinal(head, true);
      return this.#sink.onComplete(NO_TRAILERS, rest.length > 0);
    }
    this.#sink.onFinal(head, false);
    // Most answers are here in one piece: no reader is needed for those.
    if (framing === "length" && rest.length >= contentLength) {
      this.#over = true;
      this.#sink.onPiece(rest.subarray(0, contentLength), this.#kept, true);
      return this.#sink.onComplete(NO_TRAILERS, rest.length > contentLength);
    }
    this.#body = new BodyReader(head);
    if (rest.length > 0) this.#readBody(this.#body, rest, 0);
  }

  #readBody(body: BodyReader, chunk: Buffer, from: number): void {
    if (this.#over) return;
    const next = body.read(chunk, from, this);
    if (next instanceof Refusal) return this.#broken(next.message);
    if (!body.done) return;
    this.#over = true;
    this.#sink.onComplete(body.trailers, next < chunk.length);
  }

  #broken(why: string): void {
    this.#over = true;
    this.#sink.onBroken(why);
  }
}

/** Said at once: who waits for the end of a mail server's greeting waits for ever. */
function mayBeHead(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, BEGINNING.length);
  if (latin1Text(bytes, 0, length) !== BEGINNING.slice(0, length)) return false;
  const line = bytes.indexOf("\n");
  return line === -1 || bytes[line - 1] === 0x0d;
}
