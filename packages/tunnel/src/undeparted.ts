import { WireError } from "@warren/wire";
import { tellReset, type Broke } from "./owner-broke.ts";
import type { MuxStream } from "./stream.ts";

const NEVER_LEFT = new WireError("refused", "the tunnel's transport was lost before this left");

/** Ends the streams whose opening never left; their owners hear `refused`. */
export function refuseUndeparted(streams: Iterable<MuxStream>, broke: Broke): void {
  for (const stream of streams) {
    if (stream.departed || stream.deaf) continue;
    const { owner } = stream;
    stream.reset(NEVER_LEFT);
    tellReset(owner, stream, NEVER_LEFT, broke);
  }
}
