import { LIMITS, type Limits } from "@warren/wire";

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

/** What the peer announced; this version's own limits where it said nothing. */
export function limitsOf(said: {
  limits?: { frame_bytes: number; head_bytes: number; streams: number } | undefined;
}): Limits {
  if (said.limits === undefined) return LIMITS;
  const { frame_bytes, head_bytes, streams } = said.limits;
  return { frameBytes: Math.max(1, frame_bytes), headBytes: head_bytes, streams };
}
