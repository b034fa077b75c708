import { createHash } from "node:crypto";

/**
 * What the storm says on its WebSockets: binary messages of a socket's number, the message's number
 * and some filling that follows from both. Frames are written and read by hand: a thousand sockets of
 * a library, on both sides and in one process with other things, would be most of the load.
 */
export interface Numbered {
  socket: number;
  message: number;
}

const HEAD_BYTES = 8;
const MOST_FILLING = 100;
const BINARY = 0x82;
const CLOSE = 0x88;
const PING = 0x89;
const PONG = 0x8a;
const MASKED = 0x80;

/** One frame, masked (with zeros, RFC 6455 5.3 asks for a key, not for a good one here) or not. */
export function numberedFrame({ socket, message }: Numbered, masked: boolean): Buffer {
  const filling = (socket + message) % MOST_FILLING;
  return frame(BINARY, HEAD_BYTES + filling, masked, (payload) => {
    payload.writeUInt32BE(socket, 0);
    payload.writeUInt32BE(message, 4);
    payload.fill(message & 0xff, HEAD_BYTES);
  });
}

/** Close with 1000. */
export function closeFrame(masked: boolean): Buffer {
  return frame(CLOSE, 2, masked, (payload) => payload.writeUInt16BE(1000));
}

function frame(type: number, length: number, masked: boolean, write: (payload: Buffer) => void) {
  const start = masked ? 6 : 2;
  const bytes = Buffer.alloc(start + length);
  bytes[0] = type;
  bytes[1] = masked ? length | MASKED : length;
  write(bytes.subarray(start));
  return bytes;
}

export interface FrameHandler {
  message(numbered: Numbered): void;
  /** Anything that no storm sends: the path has changed the bytes. */
  broken(what: string): void;
  closed(): void;
  pong(frame: Buffer): void;
}

/** Reads frames of at most 125 bytes out of a stream cut anywhere. */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #masked: boolean;
  #rest: Buffer = Buffer.alloc(0);

  /** `masked`: whether frames towards this side are. */
  constructor(handler: FrameHandler, masked: boolean) {
    this.#handler = handler;
    this.#masked = masked;
  }

  read(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const start = this.#masked ? 6 : 2;
    while (bytes.length >= 2) {
      const length = start + (bytes[1]! & 0x7f);
      if (bytes.length < length) break;
      this.#take(bytes[0]!, bytes.subarray(start, length));
      bytes = bytes.subarray(length);
    }
    this.#rest = bytes;
  }

  #take(type: number, payload: Buffer): void {
    if (type === BINARY) this.#takeMessage(payload);
    else if (type === CLOSE) this.#handler.closed();
    else if (type === PING) {
      const pong = frame(PONG, payload.length, !this.#masked, (bytes) => payload.copy(bytes));
      this.#handler.pong(pong);
    } else if (type !== PONG) this.#handler.broken(`a frame of type ${type}`);
  }

  #takeMessage(payload: Buffer): void {
    if (payload.length < HEAD_BYTES) return this.#handler.broken(`${payload.length} bytes`);
    const numbered = { socket: payload.readUInt32BE(0), message: payload.readUInt32BE(4) };
    const whole =
      payload.length === HEAD_BYTES + ((numbered.socket + numbered.message) % MOST_FILLING) &&
      payload.subarray(HEAD_BYTES).every((byte) => byte === (numbered.message & 0xff));
    if (whole) this.#handler.message(numbered);
    else this.#handler.broken(`message ${numbered.message} with other bytes than were sent`);
  }
}

/** RFC 6455, 4.2.2. */
export function acceptKey(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}
