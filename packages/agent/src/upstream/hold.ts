/**
 * What a peer sends before the service's connection stands. Bounded by the stream's credit, since
 * nothing of it is reported as consumed.
 */
export class Hold {
  #chunks: Uint8Array[] = [];
  trailers: Uint8Array | undefined;
  ended = false;

  get empty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Keeps a copy: the tunnel's buffers are large, and a dial may take seconds. */
  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk.slice());
  }

  take(): Uint8Array[] {
    return this.#chunks.splice(0);
  }
}
