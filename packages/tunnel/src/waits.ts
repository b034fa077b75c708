import type { WireError } from "@warren/wire";
import type { Random } from "./ports.ts";

const FIRST_JITTER_MS = 250;
const BASE_MS = 500;
/** Cap of the wait while streams wait to be resumed. */
const URGENT_CAP_MS = 5_000;
/** Cap with nothing to save; short enough that a restarted gateway has all its agents in 30 s. */
const IDLE_CAP_MS = 15_000;
/** A refused credential is tried again, since files are renewed, but slowly. */
const REFUSED_MIN_MS = 10_000;
const REFUSED_CAP_MS = 60_000;
/** Whatever wait was asked for, the next dial comes within this. */
const ASKED_CAP_MS = 60_000;

/** Milliseconds until the next dial after `error`; `urgent`: streams wait to be resumed. */
export function waitBeforeDial(
  error: WireError,
  { failures, urgent, random }: { failures: number; urgent: boolean; random: Random },
): number {
  if (error.http === 401 || error.http === 403) {
    const most = Math.min(REFUSED_CAP_MS, REFUSED_MIN_MS * 2 ** Math.min(failures, 8));
    return REFUSED_MIN_MS / 2 + random() * most;
  }
  if (error.retryAfterMs !== undefined) return askedWait(error);
  if (urgent && failures === 0) return random() * FIRST_JITTER_MS;
  const cap = urgent ? URGENT_CAP_MS : IDLE_CAP_MS;
  return random() * Math.min(cap, BASE_MS * 2 ** Math.min(failures, 10));
}

/** What the gateway asked for, within bounds. */
export function askedWait(error: WireError): number {
  return Math.min(error.retryAfterMs ?? 0, ASKED_CAP_MS);
}
