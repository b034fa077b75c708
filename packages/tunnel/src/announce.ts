import { LIMITS, MIN_FRAME_BYTES, type Limits } from "@warren/wire";

/** Limits in the words of the wire. */
export function announce(limits: Limits): {
  frame_bytes: number;
  head_bytes: number;
  streams: number;
} {
  return {
    frame_bytes: limits.frameBytes,
    head_bytes: limits.headBytes,
    streams: limits.streams,
  };
}

/**
 * What the peer announced; this version's own limits where it said nothing. Frames are never larger
 * than ours either: others wait behind them, and a length has 24 bits.
 */
export function limitsOf(said: {
  limits?: { frame_bytes: number; head_bytes: number; streams: number } | undefined;
}): Limits {
  if (said.limits === undefined) return LIMITS;
  const { frame_bytes, head_bytes, streams } = said.limits;
  const frameBytes = Math.min(LIMITS.frameBytes, Math.max(MIN_FRAME_BYTES, frame_bytes));
  return { frameBytes, headBytes: head_bytes, streams };
}
