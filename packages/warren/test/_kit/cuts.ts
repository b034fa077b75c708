import { setTimeout as later } from "node:timers/promises";
import type { FaultProxy } from "@warren/host/testing";
import type { Storm } from "./storm.ts";

export interface CutsOptions {
  proxy: FaultProxy;
  storm: Storm;
  cuts: number;
  /** How long a fault that lasts goes on where nothing else ends it. */
  lastingMs: number;
  /** Echoes have to come again within this time of a cut. */
  recoverMs: number;
  /** Between an echo and the next cut. */
  pauseMs: number;
  /** After each cut, with the time from the fault to the first echo of what was said after it. */
  onCut: (cut: { number: number; kind: string; recoveredMs: number }) => void;
}

type Fault = (proxy: FaultProxy, lastingMs: number) => Promise<void>;

/** Each leaves the proxy such that a new connection passes; the old one may be gone, or dark for ever. */
const FAULTS: Readonly<Record<string, Fault>> = {
  rst: async (proxy) => void proxy.cut("rst"),
  fin: async (proxy) => void proxy.cut("fin"),
  "black hole": (proxy) => darkened(proxy, () => proxy.blackHole({ newcomers: "pass" })),
  "mid-frame": (proxy) => proxy.cutMidFrame(3),
  "half-open agent": (proxy) => darkened(proxy, () => proxy.halfOpen("client")),
  "half-open gateway": (proxy) => darkened(proxy, () => proxy.halfOpen("target")),
  drip: async (proxy, lastingMs) => {
    proxy.drip(2_000);
    await later(lastingMs);
    proxy.cut("rst");
    proxy.heal();
  },
  refusal: async (proxy, lastingMs) => {
    proxy.refuse();
    proxy.cut("rst");
    await later(lastingMs);
    proxy.heal();
  },
};

/** Nobody is told: the fault ends when somebody has noticed and dialled anew. */
async function darkened(proxy: FaultProxy, fault: () => void): Promise<void> {
  const redialled = proxy.connected(proxy.counts.connected + 1);
  fault();
  await redialled;
}

export const CUT_KINDS: readonly string[] = Object.keys(FAULTS);

/**
 * Cuts what goes through the proxy, in all ways by turns, and waits after each until what the storm
 * said afterwards has come back. Rejects when it does not, or when the storm notices a fault.
 */
export async function cutRepeatedly(options: CutsOptions): Promise<void> {
  const { proxy, lastingMs, cuts, pauseMs, onCut } = options;
  for (let number = 1; number <= cuts; number++) {
    const kind = CUT_KINDS[(number - 1) % CUT_KINDS.length]!;
    const started = performance.now();
    await within(options, `${kind}: no new connection`, FAULTS[kind]!(proxy, lastingMs));
    await within(
      options,
      `${kind}: no echo`,
      echoOf(options.storm, options.storm.progress.sent + 1),
    );
    onCut({ number, kind, recoveredMs: performance.now() - started });
    // What was dark wakes up only now, beside its successor.
    proxy.heal();
    await later(pauseMs);
    if (options.storm.faults.length > 0)
      throw new Error(`after ${kind}: ${options.storm.faults[0]}`);
  }
}

/** Resolves when as many echoes have come as would mean that `count` messages made it. */
async function echoOf(storm: Storm, count: number): Promise<void> {
  while (storm.progress.echoed < count && storm.faults.length === 0) await later(20);
}

async function within({ recoverMs }: CutsOptions, what: string, event: Promise<void>) {
  const patience = new AbortController();
  const { signal } = patience;
  const tooLate = later(recoverMs, undefined, { signal }).then(() => {
    throw new Error(`${what} within ${recoverMs} ms`);
  });
  try {
    await Promise.race([event, tooLate]);
  } finally {
    patience.abort();
    tooLate.catch(() => {});
  }
}
