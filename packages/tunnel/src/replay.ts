import { FRAME } from "@warren/wire";

/** A sequenced frame: kept from its first departure until it is acknowledged. */
export interface Frame {
  /** Type and flags. */
  first: number;
  stream: number;
  payload: Uint8Array | undefined;
  /** For frames whose payload is one number (credit, giveBack). */
  value: number;
}

/** Bytes that a frame weighs in flight and in memory: header and payload. */
export function weight(frame: Frame): number {
  return frame.payload === undefined ? 12 : 8 + frame.payload.length;
}

function isSignal(frame: Frame): boolean {
  return (frame.first & 0x0f) > FRAME.trailers;
}

/**
 * Every frame sent and not yet acknowledged, in order, with a cursor at the first that the present
 * transport has not carried. Invariants:
 *
 * R1. `acked` + length = frames ever sent; the frame at index i has number acked + i + 1.
 * R2. Frames before the cursor are in flight on the present transport, and `inFlight` is their weight.
 * R3. A new frame enters only when the cursor is at the end: order on the wire is order in the queue.
 */
export class Replay {
  readonly #frames: (Frame | undefined)[] = [];
  #head = 0;
  #cursor = 0;
  #acked = 0;
  #inFlight = 0;
  #kept = 0;
  #mostKept = 0;
  #signals = 0;

  /** Frames ever sent. */
  get sent(): number {
    return this.#acked + this.#frames.length - this.#head;
  }
  /** Frames that this transport has carried, counted from the tunnel's beginning. */
  get departed(): number {
    return this.#acked + this.#cursor - this.#head;
  }
  get acked(): number {
    return this.#acked;
  }
  /** Weight of what this transport carries unacknowledged, bytes. */
  get inFlightBytes(): number {
    return this.#inFlight;
  }
  /** Weight of all that is kept, bytes. */
  get keptBytes(): number {
    return this.#kept;
  }
  get mostKeptBytes(): number {
    return this.#mostKept;
  }
  /** Weight of the part of it that needs no credit: resets, stops, credit and its return. */
  get signalBytes(): number {
    return this.#signals;
  }
  /** True while an earlier transport's frames wait to be sent again. */
  get behind(): boolean {
    return this.#cursor < this.#frames.length;
  }

  /** The next frame to send again; moves on. */
  again(): Frame | undefined {
    const frame = this.#frames[this.#cursor];
    if (frame === undefined) return undefined;
    this.#cursor++;
    this.#inFlight += weight(frame);
    return frame;
  }

  /** Keeps a frame that leaves now. */
  push(frame: Frame): void {
    const bytes = weight(frame);
    this.#frames.push(frame);
    this.#cursor++; // R3
    this.#inFlight += bytes;
    this.#kept += bytes;
    if (isSignal(frame)) this.#signals += bytes;
    if (this.#kept > this.#mostKept) this.#mostKept = this.#kept;
  }

  /**
   * Forgets frames up to number `upTo`; returns the bytes freed, or -1 when that was never sent. A
   * number below what is acknowledged is an old word, overtaken by a resume.
   */
  acknowledge(upTo: number): number {
    if (upTo > this.departed) return -1;
    let freed = 0;
    while (this.#acked < upTo) {
      const frame = this.#frames[this.#head]!;
      freed += weight(frame);
      if (isSignal(frame)) this.#signals -= weight(frame);
      this.#frames[this.#head++] = undefined;
      this.#acked++;
    }
    this.#inFlight -= freed;
    this.#kept -= freed;
    this.#compact();
    return freed;
  }

  /** A new transport, whose peer has frames up to `upTo`: false when that cannot be. */
  rewind(upTo: number): boolean {
    this.#cursor = this.#frames.length;
    if (upTo < this.#acked || this.acknowledge(upTo) < 0) return false;
    this.#cursor = this.#head;
    this.#inFlight = 0;
    return true;
  }

  /** Nothing will be sent again. */
  clear(): void {
    this.#acked = this.sent;
    this.#frames.length = 0;
    this.#head = this.#cursor = this.#inFlight = this.#kept = this.#signals = 0;
  }

  #compact(): void {
    if (this.#head === this.#frames.length) {
      this.#frames.length = 0;
      this.#head = this.#cursor = 0;
    } else if (this.#head > 1_024 && this.#head * 2 > this.#frames.length) {
      this.#frames.splice(0, this.#head);
      this.#cursor -= this.#head;
      this.#head = 0;
    }
  }
}
