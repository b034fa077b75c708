import { latin1Bytes } from "@warren/host";
import type { ServiceSocket } from "../service-socket.ts";
import type { RequestShape } from "./request-shape.ts";

const CRLF = latin1Bytes("\r\n");
const LAST_CHUNK = latin1Bytes("0\r\n\r\n");
const LAST_CHUNK_WITH_TRAILERS = latin1Bytes("0\r\n");

/**
 * Writes one request's body in the framing that its head announces, and nothing beyond it: bytes in
 * excess would be read as another request.
 */
export class RequestBody {
  /** Body bytes were given to the connection: the request cannot be sent again. */
  begun = false;
  readonly #chunked: boolean;
  #left: number;

  constructor(shape: RequestShape) {
    this.#chunked = shape.chunked;
    this.#left = shape.contentLength;
  }

  /** No body is announced: the request is complete with its head. */
  get none(): boolean {
    return !this.#chunked && this.#left === 0;
  }

  /** False when the peer sends more than the head announced. */
  write(socket: ServiceSocket, chunk: Uint8Array): boolean {
    this.begun = true;
    if (this.#chunked) {
      socket.cork();
      socket.writeUncounted(latin1Bytes(`${chunk.length.toString(16)}\r\n`));
      socket.write(chunk);
      socket.writeUncounted(CRLF);
      socket.uncork();
      return true;
    }
    this.#left -= chunk.length;
    if (this.#left < 0) return false;
    socket.write(chunk);
    return true;
  }

  /** False when the peer ends before it has sent what the head announced. `trailers` are lines. */
  finish(socket: ServiceSocket, trailers: Uint8Array | undefined): boolean {
    if (!this.#chunked) return this.#left === 0;
    this.begun = true;
    if (trailers === undefined) {
      socket.writeUncounted(LAST_CHUNK);
      return true;
    }
    socket.cork();
    socket.writeUncounted(LAST_CHUNK_WITH_TRAILERS);
    socket.writeUncounted(trailers);
    socket.writeUncounted(CRLF);
    socket.uncork();
    return true;
  }
}
