import { FLAG, FRAME, FRAME_HEADER_BYTES, isKnownFrame, readU24, readU32 } from "@warren/wire";

/** Hears the frames of a transport in order. A returned text says what the peer broke. */
export interface FrameSink {
  onFrame(first: number, stream: number, payload: Uint8Array): string | undefined;
}

const LENGTHS: Record<number, number> = {
  [FRAME.credit]: 4,
  [FRAME.giveBack]: 4,
  [FRAME.ack]: 6,
  [FRAME.stop]: 0,
};

/** Splits binary messages into frames. Any split that is not exact is a broken protocol. */
export class Reader {
  readonly #sink: FrameSink;
  readonly #frameBytes: number;
  #detached: { first: number; stream: number; length: number } | undefined;

  constructor(sink: FrameSink, frameBytes: number) {
    this.#sink = sink;
    this.#frameBytes = frameBytes;
  }

  /** A new transport: what the old one cut short was never received. */
  reset(): void {
    this.#detached = undefined;
  }

  /** Reads one message; returns what was wrong with it, if anything. */
  read(message: Uint8Array): string | undefined {
    const detached = this.#detached;
    if (detached === undefined) return this.#frames(message);
    this.#detached = undefined;
    if (message.length !== detached.length)
      return `a detached payload has ${message.length} bytes instead of ${detached.length}`;
    return this.#sink.onFrame(detached.first, detached.stream, message);
  }

  #frames(message: Uint8Array): string | undefined {
    let at = 0;
    while (at < message.length) {
      if (message.length - at < FRAME_HEADER_BYTES) return "a frame header is cut short";
      const first = message[at]!;
      const length = readU24(message, at + 1);
      const stream = readU32(message, at + 4);
      at += FRAME_HEADER_BYTES;
      const wrong = this.#check(first, length);
      if (wrong !== undefined) return wrong;
      if ((first & FLAG.detached) !== 0) {
        if (at !== message.length) return "bytes follow a detached frame's header";
        this.#detached = { first: first & ~FLAG.detached, stream, length };
        return undefined;
      }
      if (at + length > message.length) return "a frame is cut short";
      const said = this.#sink.onFrame(first, stream, message.subarray(at, at + length));
      if (said !== undefined) return said;
      at += length;
    }
    return undefined;
  }

  #check(first: number, length: number): string | undefined {
    if (!isKnownFrame(first)) return `unknown frame 0x${first.toString(16)}`;
    if (length > this.#frameBytes) return `a frame of ${length} bytes, over ${this.#frameBytes}`;
    const exact = LENGTHS[first & 0x0f];
    if (exact !== undefined && exact !== length) return `a malformed frame of type ${first & 0x0f}`;
    return undefined;
  }
}
