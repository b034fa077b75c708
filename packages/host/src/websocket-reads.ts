import { isUtf8 } from "node:buffer";
import type { Duplex } from "node:stream";
import { ReadRoom } from "./read-room.ts";
import { readBy, type Reads } from "./shared-reads.ts";

const READ_BYTES = 65_536;
/** A read that brings this much is worth a buffer of the connection's own. */
const BULK_BYTES = 32_768;
/** Two of the largest frames: one that is kept pins no more than as much again; see `unpinned`. */
const BULK_ROOM_BYTES = 131_072;
/** Less room than this behind the beginning of a frame is not worth a read. */
const LEAST_ROOM_BYTES = 16_384;

/** Connections that carry little read into this one; what it brought is copied out. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/** First bytes of frames that are whole messages, and of pings and pongs (RFC 6455 §5.2). */
const [TEXT, BINARY, PING, PONG] = [0x81, 0x82, 0x89, 0x8a];
const MOST_PING_BYTES = 125;
/** In the first byte of a frame that is no part of a message. */
const CONTROL = 0x08;

export interface WebSocketReadsOptions {
  /** Whether frames that come are masked: they are those of a client. */
  masked: boolean;
  maxMessageBytes: number;
  maxTextBytes: number;
  /** A whole binary message, which stays as it is. */
  onBinary: (message: Buffer) => void;
}

/**
 * Reads the binary messages of a WebSocket off its socket: past the queues of two streams, and with
 * what comes of a message read behind what is there of it instead of joined. All else is for `ws`,
 * which listens to the socket's `data`: whole text messages, pings and pongs as they come; and from the
 * first frame on that is none of these, too long, malformed or masked with more than zeros, everything
 * for good. So `ws` alone knows of fragments, of closing, and of what is wrong with a frame.
 */
export class WebSocketReads {
  /** For the socket: where reads go, and what they brought. */
  readonly onread: Reads;
  readonly #socket: Duplex;
  readonly #options: WebSocketReadsOptions;
  readonly #room = new ReadRoom();
  #into: Buffer = shared;
  /** Where in `#into` the frame begins that is not whole yet, and where the next read goes. */
  #from = 0;
  #to = 0;
  /** Of the frame at `#from`; 0 until its header is there. */
  #headerBytes = 0;
  #frameBytes = 0;
  /** Everything is for `ws`. */
  #passing = false;

  constructor(socket: Duplex, options: WebSocketReadsOptions) {
    this.#socket = socket;
    this.#options = options;
    this.onread = {
      buffer: () => (this.#into === shared ? shared : this.#into.subarray(this.#to)),
      callback: (length, buffer) => this.#onRead(length, buffer),
    };
  }

  /**
   * Takes the reading over from `ws`; false, and nothing is changed, where that cannot be. `unread` was
   * read before: it is looked at in the next turn, or with the first read if that comes sooner.
   */
  start(unread: Uint8Array): boolean {
    if (!readBy(this.#socket, this.onread)) return false;
    if (unread.length === 0) return true;
    this.#hold(Buffer.from(unread));
    this.#makeRoom(false);
    setImmediate(() => this.#read(false));
    return true;
  }

  #onRead(length: number, buffer: Uint8Array): true {
    if (this.#into !== shared && buffer.buffer === this.#into.buffer) this.#to += length;
    else this.#hold(this.#joined(buffer.subarray(0, length)));
    this.#read(length >= BULK_BYTES);
    return true;
  }

  /** A copy, behind what is there: the first read may come into the buffer of who read before. */
  #joined(bytes: Uint8Array): Buffer {
    if (this.#from === this.#to) return Buffer.from(bytes);
    return Buffer.concat([this.#into.subarray(this.#from, this.#to), bytes]);
  }

  #read(bulk: boolean): void {
    try {
      while (this.#from < this.#to && this.#take());
    } finally {
      this.#makeRoom(bulk);
    }
  }

  #hold(bytes: Buffer): void {
    this.#into = bytes;
    this.#from = 0;
    this.#to = bytes.length;
  }

  #makeRoom(bulk: boolean): void {
    const rest = this.#to - this.#from;
    if (rest === 0 && !bulk) return this.#share();
    const missing = rest === 0 ? LEAST_ROOM_BYTES : Math.max(1, this.#frameBytes - rest);
    if (this.#into.length - this.#to >= Math.min(missing, LEAST_ROOM_BYTES)) return;
    // A peer that says much and sends little gets twice what it has sent.
    const least = bulk ? BULK_ROOM_BYTES : LEAST_ROOM_BYTES;
    const bytes = Math.max(least, Math.min(this.#frameBytes, 2 * rest));
    this.#room.free();
    const next = this.#room.take(bytes, this.#socket);
    // What has begun needs a place in any case.
    if (next === undefined && rest === 0) return this.#share();
    const moved = next ?? Buffer.allocUnsafeSlow(rest + LEAST_ROOM_BYTES);
    this.#into.copy(moved, 0, this.#from, this.#to);
    this.#into = moved;
    this.#from = 0;
    this.#to = rest;
  }

  #share(): void {
    this.#room.free();
    this.#into = shared;
    this.#from = this.#to = 0;
  }

  /** Takes the next frame off what was read; false while it is not whole. */
  #take(): boolean {
    if (!this.#passing && !this.#measure()) return false;
    if (this.#passing) {
      this.#pass(this.#to);
      return true;
    }
    const end = this.#from + this.#frameBytes;
    if (end > this.#to) return false;
    const payload = this.#into.subarray(this.#from + this.#headerBytes, end);
    const first = this.#into[this.#from];
    this.#headerBytes = this.#frameBytes = 0;
    if (first === BINARY) {
      this.#from = end;
      this.#options.onBinary(payload);
    } else if (first === TEXT && !isUtf8(payload)) {
      this.#passing = true;
    } else {
      this.#pass(end);
    }
    return true;
  }

  #pass(end: number): void {
    const bytes = this.#into.subarray(this.#from, end);
    this.#from = end;
    this.#socket.emit("data", bytes);
  }

  /** Reads the header at `#from`; false while it is not whole. One that is not ours ends the taking. */
  #measure(): boolean {
    if (this.#headerBytes > 0) return true;
    const bytes = this.#into;
    const at = this.#from;
    const left = this.#to - at;
    if (left < 2) return false;
    const length = bytes[at + 1]! & 0x7f;
    const extended = length < 126 ? 0 : length === 126 ? 2 : 8;
    const maskBytes = (bytes[at + 1]! & 0x80) === 0 ? 0 : 4;
    const header = 2 + extended + maskBytes;
    if (left < header) return false;
    let payload = length;
    if (extended === 2) payload = bytes.readUInt16BE(at + 2);
    else if (extended === 8) payload = Number(bytes.readBigUInt64BE(at + 2));
    const isMasked = maskBytes > 0 && bytes.readUInt32BE(at + header - 4) !== 0;
    const isRight = maskBytes > 0 === this.#options.masked && !isMasked;
    // A ping that says its length in a longer way than it needs is wrong, however short it is.
    const isLong = extended > 0 && (bytes[at]! & CONTROL) !== 0;
    if (!isRight || isLong || payload > this.#most(bytes[at]!)) this.#passing = true;
    this.#headerBytes = header;
    this.#frameBytes = header + payload;
    return true;
  }

  /** How long a frame may be that begins so; -1 when it is none of those that are taken here. */
  #most(first: number): number {
    if (first === BINARY) return this.#options.maxMessageBytes;
    if (first === TEXT) return Math.min(this.#options.maxTextBytes, this.#options.maxMessageBytes);
    return first === PING || first === PONG ? MOST_PING_BYTES : -1;
  }
}
