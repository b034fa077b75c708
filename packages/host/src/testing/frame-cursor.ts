const HEAD_END = [13, 10, 13, 10];

/**
 * Knows where the WebSocket frames lie (RFC 6455, 5.2) in one direction of a connection: passes the
 * HTTP head of the handshake, then one frame after the other. It has to see every byte.
 */
export class FrameCursor {
  #matched = 0;
  #header: number[] = [];
  #left = 0;

  /** Moves over `chunk`. */
  pass(chunk: Uint8Array): void {
    this.#walk(chunk, -1);
  }

  /**
   * Moves over `chunk` up to the first place that has `depth` more bytes of a frame's payload before
   * it and at least one after it. Returns the offset of that place, or -1 when the chunk has none.
   */
  inside(chunk: Uint8Array, depth: number): number {
    return this.#walk(chunk, depth);
  }

  #walk(chunk: Uint8Array, depth: number): number {
    let at = this.#passHead(chunk);
    while (at < chunk.length) {
      if (this.#left === 0) this.#readHeader(chunk[at++]!);
      if (this.#left === 0) continue;
      const here = chunk.length - at;
      if (depth >= 0 && this.#left > depth && here >= depth) return at + depth;
      const taken = Math.min(here, this.#left);
      this.#left -= taken;
      at += taken;
    }
    return -1;
  }

  #passHead(chunk: Uint8Array): number {
    let at = 0;
    while (this.#matched < HEAD_END.length && at < chunk.length) {
      const byte = chunk[at++]!;
      if (byte === HEAD_END[this.#matched]) this.#matched++;
      else this.#matched = byte === HEAD_END[0] ? 1 : 0;
    }
    return at;
  }

  /** Takes one byte of a frame header; the header's last byte sets what is left of the frame. */
  #readHeader(byte: number): void {
    this.#header.push(byte);
    if (this.#header.length < 2) return;
    const short = this.#header[1]! & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const mask = (this.#header[1]! & 0x80) === 0 ? 0 : 4;
    if (this.#header.length < 2 + extended + mask) return;
    const length = this.#header.slice(2, 2 + extended);
    this.#left = extended === 0 ? short : length.reduce((sum, byte) => sum * 256 + byte, 0);
    this.#header = [];
  }
}
