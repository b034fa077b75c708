import { Socket } from "node:net";
import { ReadRoom } from "./read-room.ts";

const READ_BYTES = 65_536;
/** A read that brings this much is worth a buffer of the socket's own. */
const BULK_BYTES = 49_152;

/**
 * The kernel's bytes are handed over inside the read, so all sockets share one buffer: an idle
 * connection holds none, and a small message costs no allocation.
 */
const shared = Buffer.allocUnsafeSlow(READ_BYTES);
/**
 * Where the next read goes: Node asks for it as soon as a read was handed over, and when a socket is
 * made, which gets the shared one.
 */
let next: Buffer = shared;

/**
 * Takes what was read from a socket. When `kept` is false the bytes are in a buffer that the next
 * read of any socket overwrites: who needs them after returning copies them. False, as from a
 * stream's `push`: no more is read until the stream is read again, or resumed.
 */
export type OnRead<S extends Socket> = (this: S, bytes: Buffer, kept: boolean) => boolean;

/** Fits the option `onread` of a socket: where reads go, and what hears of them, as the socket. */
export interface Reads {
  readonly buffer: () => Uint8Array;
  readonly callback: (length: number, buffer: Uint8Array) => boolean;
}

/** The option `onread` of a socket that connects, or what `readBy` takes for one that was accepted. */
export function sharedReads<S extends Socket>(onRead: OnRead<S>): Reads {
  const room = new ReadRoom();
  const reads: Reads = {
    buffer: nextBuffer,
    callback(this: S, length: number, buffer: Uint8Array): boolean {
      room.free();
      const isBulk = length >= BULK_BYTES;
      // Given away half empty it would weigh twice what is counted for it.
      const kept = buffer !== shared && isBulk;
      const goesOn = onRead.call(this, (buffer as Buffer).subarray(0, length), kept);
      if (isBulk && isReadBy(this, reads)) next = room.take(READ_BYTES, this) ?? shared;
      return goesOn;
    },
  };
  return reads;
}

/** Reads a socket into its stream's queue, as one that was never read in another way. */
export const QUEUED_READS: Reads = {
  buffer: () => shared,
  callback(this: Socket, length: number, buffer: Uint8Array): boolean {
    return this.push(Buffer.from(buffer.subarray(0, length)));
  },
};

function nextBuffer(): Buffer {
  const buffer = next;
  next = shared;
  return buffer;
}

/** How Node keeps what the public option `onread` of a new socket says. */
const [BUFFER, CALLBACK, NEXT] = ["kBuffer", "kBufferCb", "kBufferGen"].map((name) =>
  Object.getOwnPropertySymbols(new Socket()).find(({ description }) => description === name),
);

interface Inside {
  [slot: symbol]: unknown;
  readonly readableLength?: number;
  readonly _handle?: { useUserBuffer?: (buffer: Uint8Array) => void } | null;
}

/** Who hears a read may have given the socket to another reader. */
function isReadBy(socket: object, { callback }: Reads): boolean {
  return CALLBACK === undefined || (socket as Inside)[CALLBACK] === callback;
}

/**
 * Reads a socket by `reads` from now on instead of by `data` events, without its stream's queue: Node
 * has this as `onread` for sockets that connect, and does the same here for one that is connected, or
 * that is read in this way already. False, and nothing is changed, where it cannot be: bytes that were
 * read already, what is no socket, or a Node that keeps these things elsewhere. With TLS a read may
 * still come after a pause.
 */
export function readBy(socket: object, { buffer, callback }: Reads): boolean {
  const inside = socket as Inside;
  const handle = inside._handle;
  if (BUFFER === undefined || CALLBACK === undefined || NEXT === undefined) return false;
  if (typeof handle?.useUserBuffer !== "function" || inside.readableLength !== 0) return false;
  if (inside[BUFFER] === null) {
    const first = buffer();
    handle.useUserBuffer(first);
    inside[BUFFER] = first;
  }
  inside[CALLBACK] = callback;
  inside[NEXT] = buffer;
  return true;
}
