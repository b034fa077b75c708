const CLOSE = 8;

/**
 * Follows the frames of a relayed WebSocket connection in one direction (RFC 6455 §5.2) without
 * touching them, to know when a frame of our own may be put in between. Control frames may stand
 * inside a fragmented message, so any frame boundary will do.
 */
export class FrameBoundary {
  /** A Close frame has begun: nothing may follow it. */
  closing = false;
  /** Header bytes seen of the frame being read, of how many. */
  #seen = 0;
  #header = 2;
  #extended = 0;
  /** Bytes of payload still to come. */
  #left = 0;

  /** True before the first byte of a frame. */
  get atBoundary(): boolean {
    return this.#left === 0 && this.#seen === 0;
  }

  /** Takes the next bytes of the stream. */
  pass(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#seen === 0 && this.#left > 0) {
        const skipped = Math.min(this.#left, bytes.length - at);
        this.#left -= skipped;
        at += skipped;
      } else this.#takeHeader(bytes[at++]!);
    }
  }

  #takeHeader(byte: number): void {
    const seen = this.#seen++;
    if (seen === 0) {
      if ((byte & 0x0f) === CLOSE) this.closing = true;
    } else if (seen === 1) {
      const length = byte & 0x7f;
      const extended = length === 126 ? 2 : length === 127 ? 8 : 0;
      this.#header = 2 + extended + (byte & 0x80 ? 4 : 0);
      this.#left = extended === 0 ? length : 0;
      // The extended length comes next; a mask key behind it is only counted.
      this.#extended = extended;
    } else if (seen < 2 + this.#extended) {
      this.#left = this.#left * 256 + byte;
    }
    if (this.#seen === this.#header) {
      this.#seen = 0;
      this.#header = 2;
    }
  }
}

/**
 * A whole Close frame. `reason` is ASCII, cut at the 123 bytes there is room for. `mask` is four
 * random bytes, which frames towards a server must have.
 */
export function closeFrame(code: number, reason: string, mask?: Uint8Array): Uint8Array {
  const said = reason.slice(0, 123);
  const length = 2 + said.length;
  const start = mask === undefined ? 2 : 6;
  const frame = new Uint8Array(start + length);
  frame[0] = 0x80 | CLOSE;
  frame[1] = length | (mask === undefined ? 0 : 0x80);
  frame[start] = code >>> 8;
  frame[start + 1] = code;
  for (let i = 0; i < said.length; i++) {
    const char = said.charCodeAt(i);
    frame[start + 2 + i] = char < 0x80 ? char : 0x3f;
  }
  if (mask === undefined) return frame;
  frame.set(mask.subarray(0, 4), 2);
  for (let i = 0; i < length; i++) frame[start + i]! ^= mask[i & 3]!;
  return frame;
}
