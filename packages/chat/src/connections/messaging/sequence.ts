import { numberOf, type Position, type Versions } from "../../log/versions.ts";

/**
 * Numbers of a conversation, for clients that know one counter: 1 and on, without a hole and without a
 * return to 1. The log counts for each origin. An origin that was there before, as before a store was put
 * back from a backup, has ended: its numbers come first, and those of the next follow upon them.
 */
export function sequenceOf(versions: Versions, { origin, number }: Position): number {
  const before = Object.keys(versions).filter((one) => inTurn(one, origin) < 0);
  return before.reduce((sum, one) => sum + numberOf(versions, one), number);
}

/** The number above which there is none yet. */
export function lastSequence(versions: Versions): number {
  return Object.values(versions).reduce((sum, number) => sum + number, 0);
}

export interface Stretch {
  readonly origin: string;
  readonly from: number;
  readonly to: number;
}

/** Where the numbers `from` to `to` are in the log; those that are not given out yet are left out. */
export function stretchesOf(versions: Versions, from: number, to: number): Stretch[] {
  const found: Stretch[] = [];
  let below = 0;
  for (const origin of Object.keys(versions).toSorted(inTurn)) {
    const count = numberOf(versions, origin);
    const stretch = { origin, from: Math.max(1, from - below), to: Math.min(count, to - below) };
    if (stretch.from <= stretch.to) found.push(stretch);
    below += count;
  }
  return found;
}

/** `CLUSTER:EPOCH`: epochs of a cluster follow one another. */
function inTurn(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  if (one.cluster !== other.cluster) return one.cluster < other.cluster ? -1 : 1;
  return one.epoch - other.epoch;
}

function partsOf(origin: string): { cluster: string; epoch: number } {
  const at = origin.lastIndexOf(":");
  return { cluster: origin.slice(0, at), epoch: Number(origin.slice(at + 1)) };
}
