import type { Stream } from "@warren/tunnel";
import { FLOOR_BYTES } from "@warren/wire";

/** A request that nobody has read has at most its stream's floor, and one read beyond that, on its way. */
const REMEMBERED_BYTES = FLOOR_BYTES + 131_072;

/** What was passed on of a request before its answer began, in case that was refused unread. */
export class SentSoFar {
  #pieces: Uint8Array[] | undefined;
  #trailers: Uint8Array | undefined;

  /** Something is remembered; false also when it became too much. */
  get any(): boolean {
    return this.#pieces !== undefined;
  }

  /** `bytes`: all so far, this piece included. */
  remember(piece: Uint8Array, bytes: number): void {
    if (bytes > REMEMBERED_BYTES) this.#pieces = undefined;
    else (this.#pieces ??= []).push(piece);
  }

  rememberTrailers(block: Uint8Array): void {
    this.#trailers = block;
  }

  /** Says the same on another stream; `ended`: to the request's end. */
  again(stream: Stream, ended: boolean): void {
    for (const piece of this.#pieces ?? []) stream.write(piece, false);
    if (!ended) return;
    if (this.#trailers === undefined) stream.end();
    else stream.trailers(this.#trailers);
  }
}
