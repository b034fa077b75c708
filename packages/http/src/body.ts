import { AT, ChunkSyntax } from "./chunked.ts";
import type { Framing } from "./framing.ts";
import { refused, Refusal } from "./refusal.ts";
import { parseTrailers } from "./trailers.ts";

/** Who takes a body. */
export interface BodySink {
  /** Body bytes in order; `piece` is a view into what was given to `read`. */
  onBody(piece: Uint8Array): void;
}

const CUT = refused("the connection ended before the message did");
const NO_TRAILERS: readonly string[] = [];

/**
 * Reads one message's body out of a connection's bytes, however they are cut. Copies nothing but
 * trailers, and takes no byte of what follows the message.
 */
export class BodyReader {
  /** The body is complete. */
  done: boolean;
  /** Trailers as a flat field list, once `done`. */
  trailers: readonly string[] = NO_TRAILERS;
  readonly #untilClose: boolean;
  readonly #chunks: ChunkSyntax | undefined;
  #left: number;

  constructor(head: { readonly framing: Framing; readonly contentLength: number }) {
    const { framing } = head;
    this.#untilClose = framing === "until-close";
    this.#chunks = framing === "chunked" ? new ChunkSyntax() : undefined;
    this.#left = framing === "length" ? head.contentLength : 0;
    this.done = framing === "none";
  }

  /**
   * Reads `bytes` from `from` and returns the index of the first byte that is not the message's:
   * `bytes.length` unless `done`. After a refusal the reader must not be used again.
   */
  read(bytes: Uint8Array, from: number, sink: BodySink): number | Refusal {
    if (this.done || from >= bytes.length) return from;
    if (this.#chunks !== undefined) return this.#readChunks(bytes, from, this.#chunks, sink);
    if (this.#untilClose) {
      sink.onBody(from === 0 ? bytes : bytes.subarray(from));
      return bytes.length;
    }
    const to = Math.min(bytes.length, from + this.#left);
    this.#left -= to - from;
    this.done = this.#left === 0;
    sink.onBody(bytes.subarray(from, to));
    return to;
  }

  /** The connection ended. Undefined when that completes the message, else why it does not. */
  finish(): Refusal | undefined {
    if (this.#untilClose) this.done = true;
    return this.done ? undefined : CUT;
  }

  #readChunks(
    bytes: Uint8Array,
    from: number,
    chunks: ChunkSyntax,
    sink: BodySink,
  ): number | Refusal {
    let at = from;
    while (at < bytes.length) {
      if (chunks.at === AT.data) {
        const to = Math.min(bytes.length, at + chunks.left);
        chunks.left -= to - at;
        if (chunks.left === 0) chunks.at = AT.dataCr;
        sink.onBody(bytes.subarray(at, to));
        at = to;
        continue;
      }
      const problem = chunks.take(bytes[at++]!);
      if (problem !== undefined) return problem;
      if (chunks.at === AT.done) return this.#complete(chunks, at);
    }
    return at;
  }

  #complete(chunks: ChunkSyntax, at: number): number | Refusal {
    this.done = true;
    const trailers = parseTrailers(chunks.trailers);
    if (trailers instanceof Refusal) return trailers;
    this.trailers = trailers;
    return at;
  }
}
