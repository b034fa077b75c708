import { FLAG, FLOOR_BYTES, FRAME, type FrameType, type WireError } from "@warren/wire";
import type { Partial } from "./block.ts";
import type { Pool } from "./pool.ts";
import type { Stream, StreamOwner } from "./ports.ts";
import type { Frame } from "./replay.ts";
import { Window } from "./window.ts";

/** No stream queues more than this towards the transport, however much credit it has. */
const QUEUE_BYTES = 262_144;
/** Nor more pieces: a piece of one byte weighs a hundred in memory. */
const QUEUE_ITEMS = 1_024;
/** What a piece weighs beside its bytes. */
const ITEM_BYTES = 128;
/** A stream with no more than this queued goes before bulk senders. */
const SPARSE_BYTES = 2_048;
const NOTHING = new Uint8Array(0);

/** What waits to be sent on a stream. */
interface Item {
  type: FrameType;
  end: boolean;
  payload: Uint8Array;
}

/** What a stream asks of its tunnel. */
export interface StreamHost {
  /** What windows borrow from. */
  readonly pool: Pool;
  readonly attached: boolean;
  /** The stream may have become ready to send. */
  ready(stream: MuxStream): void;
  sendReset(stream: MuxStream, error: WireError): void;
  sendStop(stream: MuxStream): void;
  consumed(stream: MuxStream, bytes: number): void;
  /** Both directions have ended. */
  finished(stream: MuxStream): void;
}

/** An owner for streams that nobody has taken yet, or that were reset here: it hears nothing. */
export const NOBODY: StreamOwner = {
  onHead() {},
  onData() {},
  onTrailers() {},
  onEnd() {},
  onReset() {},
  onWritable() {},
  onStopped() {},
};

/**
 * One stream. Each direction ends once: by a frame with the end flag, or by a reset. The id is free
 * when both have ended, so a stream that was reset here stays until the peer has answered.
 */
export class MuxStream implements Stream {
  readonly id: number;
  readonly window = new Window();
  readonly #host: StreamHost;
  owner: StreamOwner;
  /** Bytes that the peer still takes. */
  credit = FLOOR_BYTES;
  /** For `Turns`. */
  next: MuxStream | undefined;
  inLine = false;
  sendEnded = false;
  receiveEnded = false;
  /** Reset here: whatever still comes is dropped. */
  deaf = false;
  /** Sent since the last sweep for idle credit. */
  busy = false;
  /** The peer knows of this stream. */
  departed = false;
  /** Stopped here: bytes that still come are dropped. */
  stopSent = false;
  /** A block (opening, head, trailers) that is not complete yet. */
  partial: Partial | undefined;
  #items: Item[] | undefined;
  #at = 0;
  #queued = 0;
  #endQueued = false;
  #blocked = false;

  constructor(id: number, host: StreamHost, owner: StreamOwner) {
    this.id = id;
    this.#host = host;
    this.owner = owner;
  }

  get open(): boolean {
    return !(this.sendEnded && this.receiveEnded) && !this.deaf;
  }

  get attached(): boolean {
    return this.#host.attached;
  }

  get writable(): boolean {
    if (this.#queued >= this.credit || this.#queued >= QUEUE_BYTES) return false;
    const weight = this.#weight();
    // The floor is everyone's, however much the streams of this tunnel and of others have queued. One
    // that is over it has bytes of its own to send: it hears when they have left.
    if (weight < FLOOR_BYTES) return true;
    const items = this.#items?.length ?? 0;
    return items < QUEUE_ITEMS && weight < this.#host.pool.queued.offer();
  }

  /** What its queue weighs in memory. */
  #weight(): number {
    return this.#queued + ITEM_BYTES * (this.#items?.length ?? 0);
  }

  get queuedBytes(): number {
    return this.#queued;
  }

  head(block: Uint8Array, end: boolean): void {
    this.enqueue(FRAME.head, block, end);
  }

  write(chunk: Uint8Array, end: boolean): boolean {
    this.enqueue(FRAME.data, chunk, end);
    this.#blocked = !this.writable;
    return !this.#blocked;
  }

  trailers(block: Uint8Array): void {
    this.enqueue(FRAME.trailers, block, true);
  }

  end(): void {
    this.enqueue(FRAME.data, NOTHING, true);
  }

  reset(error: WireError): void {
    if (this.deaf || (this.sendEnded && this.receiveEnded)) return;
    this.deaf = true;
    this.owner = NOBODY;
    this.drop();
    if (this.departed) this.#host.sendReset(this, error);
    else this.receiveEnded = true; // the peer never heard of it and will not answer
    this.#ended("send");
  }

  stop(): void {
    if (this.receiveEnded || this.deaf || this.stopSent) return;
    this.stopSent = true;
    this.#host.sendStop(this);
  }

  consumed(bytes: number): void {
    if (bytes > 0 && !this.deaf) this.#host.consumed(this, bytes);
  }

  /** Queues one item; nothing enters after the end. */
  enqueue(type: FrameType, payload: Uint8Array, end: boolean): void {
    if (this.#endQueued || this.sendEnded || this.deaf) return;
    if (payload.length === 0 && !end && type === FRAME.data) return;
    this.#endQueued = end;
    (this.#items ??= []).push({ type, end, payload });
    this.#queued += payload.length;
    this.#host.pool.queued.take(payload.length + ITEM_BYTES);
    this.#host.ready(this);
  }

  /** True when something may be sent now: credit for it, or no need of credit. */
  get sendable(): boolean {
    const item = this.#items?.[0];
    return item !== undefined && (this.credit > 0 || item.payload.length === this.#at);
  }

  get sparse(): boolean {
    return this.#queued <= SPARSE_BYTES;
  }

  /** Takes at most `most` bytes off the queue, as one frame. The stream must be sendable. */
  take(most: number): Frame {
    const items = this.#items!;
    const { type, end, payload } = items[0]!;
    const left = payload.length - this.#at;
    const bytes = Math.min(left, most, this.credit);
    const part = bytes === payload.length ? payload : payload.subarray(this.#at, this.#at + bytes);
    const last = bytes === left;
    this.#at = last ? 0 : this.#at + bytes;
    if (last && items.length === 1) this.#items = undefined;
    else if (last) items.shift();
    this.#queued -= bytes;
    this.#host.pool.queued.take(last ? -bytes - ITEM_BYTES : -bytes);
    this.credit -= bytes;
    this.busy = this.departed = true;
    let flags = 0;
    if (!last && type !== FRAME.data) flags = FLAG.more;
    else if (last && end) flags = FLAG.end;
    if (flags === FLAG.end) this.#ended("send");
    return { first: type | flags, stream: this.id, payload: part, value: 0 };
  }

  /** True once after `write` said false and there is room again; the caller tells the owner. */
  unblocked(): boolean {
    if (!this.#blocked || !this.writable) return false;
    this.#blocked = false;
    return true;
  }

  /** Drops everything queued. */
  drop(): void {
    this.#host.pool.queued.take(-this.#weight());
    this.#items = undefined;
    this.#at = this.#queued = 0;
    this.#blocked = false;
  }

  /** The peer reads no more: what is queued is dropped, an end that was queued is sent now. */
  stopped(): void {
    if (this.sendEnded) return; // our end and its stop crossed
    const ending = this.#endQueued;
    this.drop();
    if (!ending) return this.owner.onStopped(this);
    this.#endQueued = false;
    this.end();
  }

  receiveEnd(): void {
    this.window.ended(this.#host.pool);
    this.#ended("receive");
  }

  #ended(direction: "send" | "receive"): void {
    if (direction === "send") this.sendEnded = true;
    else this.receiveEnded = true;
    if (this.sendEnded && this.receiveEnded) this.#host.finished(this);
  }
}
