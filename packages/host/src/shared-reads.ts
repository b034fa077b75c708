import { Socket } from "node:net";

const READ_BYTES = 65_536;
/** A read that fills this much of its buffer is worth giving the buffer away for. */
const BULK_BYTES = 49_152;

/**
 * The kernel's bytes are handed over inside the read, so all sockets share one buffer: an idle
 * connection holds none, and a small message costs no allocation.
 */
const shared = Buffer.allocUnsafeSlow(READ_BYTES);
/** Where the next read goes: asked for by Node as soon as a read was handed over. */
let next = shared;

/**
 * Takes what was read from a socket. When `kept` is false the bytes are in a buffer that the next
 * read of any socket overwrites: who needs them after returning copies them. False, as from a
 * stream's `push`: no more is read until the stream is read again, or resumed.
 */
export type OnRead<S extends Socket> = (this: S, bytes: Buffer, kept: boolean) => boolean;

/** How Node keeps what the public option `onread` of a new socket says. */
const [BUFFER, CALLBACK, NEXT] = ["kBuffer", "kBufferCb", "kBufferGen"].map((name) =>
  Object.getOwnPropertySymbols(new Socket()).find(({ description }) => description === name),
);
const HEARD = Symbol("heard");

type Inside = Socket & {
  [slot: symbol]: unknown;
  _handle?: { useUserBuffer?: (buffer: Buffer) => void } | null;
};

/**
 * Reads `socket` by `onRead` instead of by `data` events, with no buffer of its own and no stream
 * queue: Node has this as `onread` for sockets that connect, and does the same here for one that was
 * accepted. False, and nothing is changed, where it cannot be: TLS, bytes that were read already, or
 * a Node that keeps these things elsewhere.
 */
export function shareReads<S extends Socket>(socket: S, onRead: OnRead<S>): boolean {
  const inside = socket as unknown as Inside;
  const handle = inside._handle;
  if (BUFFER === undefined || CALLBACK === undefined || NEXT === undefined) return false;
  if (inside[BUFFER] !== null || typeof handle?.useUserBuffer !== "function") return false;
  if (socket.readableLength > 0 || "encrypted" in socket) return false;
  handle.useUserBuffer(shared);
  inside[BUFFER] = shared;
  inside[CALLBACK] = handOver;
  inside[NEXT] = nextBuffer;
  inside[HEARD] = onRead;
  return true;
}

function handOver(this: Inside, length: number, buffer: Buffer): boolean {
  const bulk = length >= BULK_BYTES;
  const onRead = this[HEARD] as OnRead<Inside>;
  const goesOn = onRead.call(this, buffer.subarray(0, length), bulk && buffer !== shared);
  // A thousand senders that are paused for long would otherwise hold a buffer each.
  next = bulk && !this.isPaused() ? Buffer.allocUnsafeSlow(READ_BYTES) : shared;
  return goesOn;
}

function nextBuffer(): Buffer {
  return next;
}
