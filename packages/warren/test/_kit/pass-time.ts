import type { LeapingClock } from "@warren/host/testing";
import { ask } from "./ask.ts";

/** Well below what a transport may be silent before it counts as lost. */
const STEP_MS = 5_000;

export interface Passing {
  clock: LeapingClock;
  port: number;
  /** Served by what answers a GET at once. */
  host: string;
}

/**
 * Lets `ms` pass in leaps. Behind each a request goes through the gateway and the same tunnel: what
 * the leap made them say has been said before it, and pings and heartbeats have been answered.
 */
export async function passTime({ clock, port, host }: Passing, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= STEP_MS) {
    clock.leap(Math.min(left, STEP_MS));
    const { status } = await ask({ port, host });
    if (status !== 200) throw new Error(`${host} answers ${status}`);
  }
}
