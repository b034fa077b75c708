import { WireError } from "@warren/wire";
import type { Opened } from "../ports.ts";

const LATE = new WireError("upstream_timeout", "");
const AWAY = new WireError("tunnel_lost", "the agent that has the request is away");

/**
 * What a client hears whose answer has not begun in time. While the agent that has the request is away its
 * service is not to blame: it may have answered long ago (decisions/0422, 0467).
 */
export function overdue(opened: Opened | undefined): WireError {
  const isAway = opened !== undefined && (!opened.stream.attached || opened.isAway?.() === true);
  return isAway ? AWAY : LATE;
}
