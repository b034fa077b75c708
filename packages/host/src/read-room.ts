import type { EventEmitter } from "node:events";

/** So much all sockets together hold for reads to come; then they share, however many there are. */
const MOST_BYTES = 33_554_432;

let heldBytes = 0;

/**
 * The buffer that a connection holds for its next read, as one that carries bulk does. What all of
 * them hold is bounded: ten thousand that pause in the middle of a transfer are not ten thousand
 * buffers. What was read is no longer held here: whoever keeps it counts it.
 */
export class ReadRoom {
  #bytes = 0;
  #watched = false;

  /** A new buffer, held until `free` or until `socket` closes; undefined when there is no room. */
  take(bytes: number, socket: EventEmitter & { readonly destroyed: boolean }): Buffer | undefined {
    if (heldBytes + bytes > MOST_BYTES || socket.destroyed) return undefined;
    if (!this.#watched) socket.once("close", () => this.free());
    this.#watched = true;
    this.#bytes += bytes;
    heldBytes += bytes;
    return Buffer.allocUnsafeSlow(bytes);
  }

  free(): void {
    heldBytes -= this.#bytes;
    this.#bytes = 0;
  }
}
