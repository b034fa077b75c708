import { WireError } from "@warren/wire";
import { expect } from "vitest";
import type { ManualClock, TunnelPair } from "../src/testing/index.ts";

export const GONE = new WireError("cancelled", "gone");
export const bytes = (count: number): Uint8Array => new Uint8Array(count);

/** Nothing is under way, and nothing is held. */
export function expectNothing(pair: TunnelPair, clock: ManualClock): void {
  for (const tunnel of [pair.dialler, pair.acceptor]) {
    const { pool } = tunnel;
    expect({ ...tunnel.stats(), kept: pool.kept.takenBytes, failed: tunnel.failed }).toMatchObject({
      streams: 0,
      lentBytes: 0,
      queuedBytes: 0,
      replayBytes: 0,
      inFlightBytes: 0,
      kept: 0,
      failed: undefined,
    });
  }
  expect(pair.errors).toEqual([]);
  // Each tunnel looks for idle credit, and nothing else.
  expect(clock.pending).toBe(2);
  for (const tunnel of [pair.dialler, pair.acceptor]) tunnel.fail(GONE);
  expect(clock.pending).toBe(0);
}

/** Acknowledgements may wait 20 ms. */
export function finish({ pair, clock }: { pair: TunnelPair; clock: ManualClock }): void {
  for (let n = 0; n < 3; n++) {
    pair.settle();
    clock.advance(50);
  }
}
