import type { Stream, StreamOwner } from "@warren/tunnel";
import type { WireError } from "@warren/wire";

/**
 * Joins two streams: what one says the other hears. Credit is coupled: bytes count as consumed on
 * one side only once the other has room for more, so a slow far end holds the near one back and
 * nothing piles up here beyond both windows.
 */
export class Relay implements StreamOwner {
  readonly #to: Stream;
  /** The opposite direction's relay owns `#to`; set once both exist. */
  #owed = 0;
  #from: Stream | undefined;

  private constructor(to: Stream) {
    this.#to = to;
  }

  /** Owner for `from` that relays to `to`. */
  static towards(to: Stream): Relay {
    return new Relay(to);
  }

  /** Relays both ways. Both streams are owned by the relay from now on. */
  static join(a: Stream, b: Stream): void {
    a.owner = new Relay(b);
    b.owner = new Relay(a);
  }

  onHead(_stream: Stream, block: Uint8Array): void {
    this.#to.head(block, false);
  }
  onData(stream: Stream, chunk: Uint8Array): void {
    this.#from = stream;
    if (this.#to.write(chunk, false)) stream.consumed(chunk.length);
    else this.#owed += chunk.length;
  }
  onTrailers(_stream: Stream, block: Uint8Array): void {
    this.#to.trailers(block);
  }
  onEnd(): void {
    this.#to.end();
  }
  onReset(_stream: Stream, error: WireError): void {
    this.#to.reset(error);
  }
  /** There is room on this side again: the other side's relay owes its peer credit. */
  onWritable(stream: Stream): void {
    const other = this.#to.owner;
    if (other instanceof Relay && other.#to === stream) other.#settle();
  }
  onStopped(): void {
    this.#to.stop();
  }

  #settle(): void {
    const owed = this.#owed;
    this.#owed = 0;
    this.#from?.consumed(owed);
  }
}
