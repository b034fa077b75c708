/**
 * Frames of the multiplexer, carried in binary WebSocket messages (docs/protocol.md §3).
 *
 * A frame is an 8-byte header and a payload; all numbers are big-endian:
 *
 *     u8 type (low 4 bits) and flags (high 4 bits) | u24 payload length | u32 stream id
 *
 * A message holds whole frames. The last frame of a message may say DETACHED: its payload is then
 * the whole of the next binary message, which saves the sender a copy of bulk data.
 */
export const FRAME_HEADER_BYTES = 8;

export const FRAME = {
  /** Begins a stream: an `Opening`. Counts against credit. */
  open: 1,
  /** Head of an answer, informational or final, as text. Counts against credit. */
  head: 2,
  /** Bytes of a body or of a connection. Counts against credit. */
  data: 3,
  /** Trailers as text; always ends its direction. Counts against credit. */
  trailers: 4,
  /** Ends the stream in both directions: `code` or `code message` as text. */
  reset: 5,
  /** u32: so many more bytes may be sent on this stream. */
  credit: 6,
  /** The sender of this frame reads no more of the other direction. */
  stop: 7,
  /** u32: the sender of this frame gives back so many bytes of credit that it does not need. */
  giveBack: 8,
  /** u48: sequenced frames received so far. Not sequenced; the stream id field is the delay, 10 us. */
  ack: 9,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export const FLAG = {
  /** The last frame of this direction of the stream. */
  end: 0x10,
  /** The block (open, head, trailers) goes on in the next frame of the same type. */
  more: 0x20,
  /** The payload is the whole next message. */
  detached: 0x40,
} as const;
/** Flags that go with each type. A block that goes on does not end; signals have none. */
const FLAGS: Record<number, readonly number[]> = {
  [FRAME.open]: [0, FLAG.end, FLAG.more],
  [FRAME.head]: [0, FLAG.end, FLAG.more],
  [FRAME.data]: [0, FLAG.end],
  [FRAME.trailers]: [FLAG.end, FLAG.more],
};
/** By first byte: 1 when this version knows it. */
const KNOWN = new Uint8Array(256);
for (const type of Object.values(FRAME)) {
  KNOWN[type] = type === FRAME.trailers ? 0 : 1;
  for (const flags of FLAGS[type] ?? [])
    KNOWN[type | flags] = KNOWN[type | flags | FLAG.detached] = 1;
}

/** Writes a frame header at `at`. `length` < 2^24, `stream` < 2^32. */
export function writeFrameHeader(
  into: Uint8Array,
  at: number,
  frame: { type: number; flags: number; length: number; stream: number },
): void {
  const { length, stream } = frame;
  into[at] = frame.type | frame.flags;
  into[at + 1] = length >>> 16;
  into[at + 2] = length >>> 8;
  into[at + 3] = length;
  into[at + 4] = stream >>> 24;
  into[at + 5] = stream >>> 16;
  into[at + 6] = stream >>> 8;
  into[at + 7] = stream;
}

/** True when the first byte of a frame header is a type with flags that go with it. */
export function isKnownFrame(first: number): boolean {
  return KNOWN[first] === 1;
}

export function readU24(from: Uint8Array, at: number): number {
  return (from[at]! << 16) | (from[at + 1]! << 8) | from[at + 2]!;
}
export function readU32(from: Uint8Array, at: number): number {
  return ((from[at]! << 24) | readU24(from, at + 1)) >>> 0;
}
export function writeU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}
/** A count of up to 2^48; enough for 8,900 years at 1,000 frames a second. */
export function readU48(from: Uint8Array, at: number): number {
  return ((from[at]! << 8) | from[at + 1]!) * 0x1_0000_0000 + readU32(from, at + 2);
}
export function writeU48(into: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  into[at] = high >>> 8;
  into[at + 1] = high;
  writeU32(into, at + 2, value >>> 0);
}
