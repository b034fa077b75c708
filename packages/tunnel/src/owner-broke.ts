import { WireError } from "@warren/wire";
import type { StreamOwner } from "./ports.ts";
import type { MuxStream } from "./stream.ts";

/** Hears of a bug: what an owner of a stream threw. */
export type Broke = (reason: unknown) => void;

/**
 * The owner of a stream threw at something that it heard: that costs this stream, and not the others
 * of the tunnel, nor the process. `ended`: what it heard was the end of the peer's direction.
 */
export function ownerBroke(stream: MuxStream, reason: unknown, ended: boolean, broke: Broke): void {
  broke(reason);
  const { owner } = stream;
  const error = WireError.from(reason);
  stream.reset(error);
  if (ended && !stream.receiveEnded) stream.receiveEnd();
  tellReset(owner, stream, error, broke);
}

/** Tells an owner, come what may: others wait to be told too. */
export function tellReset(
  owner: StreamOwner,
  stream: MuxStream,
  error: WireError,
  broke: Broke,
): void {
  try {
    owner.onReset(stream, error);
  } catch (reason) {
    broke(reason);
  }
}

export function tellWritable(stream: MuxStream, broke: Broke): void {
  try {
    stream.owner.onWritable(stream);
  } catch (reason) {
    ownerBroke(stream, reason, false, broke);
  }
}
