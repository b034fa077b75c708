import type { Stream, StreamOwner } from "@warren/tunnel";
import { WireError } from "@warren/wire";

/** Hears nothing. */
export const NOBODY: StreamOwner = {
  onHead() {},
  onData() {},
  onTrailers() {},
  onEnd() {},
  onReset() {},
  onWritable() {},
  onStopped() {},
};

const ANSWERED = new WireError("cancelled", "the answer is complete");

/**
 * Lets go of a stream whose answer is complete. What is left of its request is of no use to anybody,
 * and what still comes over it must not reach the connection: that may be in its next request, which
 * may be another cluster's. `upgrade`: one that was refused, and ends as what it was.
 */
export function spend(stream: Stream, upgrade: boolean): void {
  if (!stream.open) return;
  stream.owner = NOBODY;
  if (upgrade) stream.end();
  else stream.reset(ANSWERED);
}
