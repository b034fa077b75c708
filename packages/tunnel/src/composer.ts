import {
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  writeFrameHeader,
  writeU32,
  writeU48,
} from "@warren/wire";
import type { Transport } from "./ports.ts";
import type { Frame } from "./replay.ts";

/** From this size on a payload travels as a message of its own: a copy costs more than a header. */
const DETACH_BYTES = 8_192;
/** A message of collected frames is sent when it is this large. */
const MESSAGE_BYTES = 65_536;

/** Bytes to be filled at once and completely; Node's pool makes small ones nearly free. */
export type Allocate = (bytes: number) => Uint8Array;

/** Collects frames into as few WebSocket messages as possible, without copying bulk payloads. */
export class Composer {
  readonly #allocate: Allocate;
  readonly #frames: Frame[] = [];
  #bytes = 0;

  constructor(allocate: Allocate) {
    this.#allocate = allocate;
  }

  add(frame: Frame, transport: Transport): void {
    this.#frames.push(frame);
    const payload = frame.payload;
    if (payload !== undefined && payload.length >= DETACH_BYTES) {
      this.#bytes += FRAME_HEADER_BYTES;
      this.finish(transport);
      transport.send(payload);
      return;
    }
    this.#bytes += FRAME_HEADER_BYTES + payloadBytes(frame);
    if (this.#bytes >= MESSAGE_BYTES) this.finish(transport);
  }

  /** Sends what was collected. */
  finish(transport: Transport): void {
    if (this.#bytes === 0) return;
    const message = this.#allocate(this.#bytes);
    let at = 0;
    for (const frame of this.#frames) at = put(message, at, frame);
    this.#frames.length = 0;
    this.#bytes = 0;
    transport.send(message);
  }
}

function payloadBytes(frame: Frame): number {
  if (frame.payload !== undefined) return frame.payload.length;
  switch (frame.first & 0x0f) {
    case FRAME.credit:
    case FRAME.giveBack:
      return 4;
    case FRAME.ack:
      return 6;
    default:
      return 0;
  }
}

function put(into: Uint8Array, at: number, frame: Frame): number {
  const { first, stream, payload } = frame;
  const length = payloadBytes(frame);
  const detached = length >= DETACH_BYTES ? FLAG.detached : 0;
  writeFrameHeader(into, at, { type: first, flags: detached, length, stream });
  at += FRAME_HEADER_BYTES;
  if (detached !== 0) return at;
  if (payload !== undefined) into.set(payload, at);
  else if (length === 4) writeU32(into, at, frame.value);
  else if (length === 6) writeU48(into, at, frame.value);
  return at + length;
}
