import { FLAG } from "@warren/wire";
import type { MuxStream } from "./stream.ts";

/** A block of 64 KiB in sane frames needs few; without a bound empty parts would pile up. */
const MAX_PARTS = 256;

/** A block (opening, head, trailers) of which some frames have come. */
export interface Partial {
  type: number;
  parts: Uint8Array[];
  bytes: number;
}

/**
 * Joins the frames of a block. Returns the whole block with its last frame, undefined before, or a
 * text that says what the peer broke. One-frame blocks, which nearly all are, are not copied.
 */
export function assemble(
  stream: MuxStream,
  first: number,
  payload: Uint8Array,
  headBytes: number,
): Uint8Array | string | undefined {
  const type = first & 0x0f;
  const more = (first & FLAG.more) !== 0;
  if (!more && stream.partial === undefined)
    return payload.length > headBytes ? "a head over the announced limit" : payload;
  const partial = (stream.partial ??= { type, parts: [], bytes: 0 });
  if (partial.type !== type) return "another block inside a block";
  partial.parts.push(payload);
  partial.bytes += payload.length;
  if (partial.bytes > headBytes) return "a head over the announced limit";
  if (partial.parts.length > MAX_PARTS) return "a head in too many parts";
  if (more) return undefined;
  stream.partial = undefined;
  return join(partial);
}

function join({ parts, bytes }: Partial): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
