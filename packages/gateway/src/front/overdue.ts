import type { Stream } from "@warren/tunnel";
import { WireError } from "@warren/wire";

const LATE = new WireError("upstream_timeout", "");
const AWAY = new WireError("tunnel_lost", "the agent that has the request is away");

/**
 * What a client hears whose answer has not begun in time. While the agent that has the request is away its
 * service is not to blame: it may have answered long ago (decisions/0422).
 */
export function overdue(stream: Stream | undefined): WireError {
  return stream?.attached === false ? AWAY : LATE;
}
