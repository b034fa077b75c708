import type { Processes } from "../processes.ts";

/** How much of each proof is run. */
export interface Size {
  /** Instances killed right after an acknowledgement, in each store. */
  kills: number;
  /** Who comes back at once. */
  clients: number;
  /** How long Redis is gone. */
  awayMs: number;
  /** Sockets that are drained. */
  sockets: number;
}

export interface Stage {
  processes: Processes;
  size: Size;
  /** Where the model answers that instances ask. */
  modelPort: number;
  /** Tells how far it has come. */
  say: (text: string) => void;
}

/** Resolves with what was seen, in a line; rejects with a `Fault` where a promise was broken. */
export type Proof = (stage: Stage) => Promise<string>;

/** A promise of the service that was seen broken. */
export class Fault extends Error {
  override readonly name = "Fault";
}

export function must(isTrue: boolean, fault: () => string): asserts isTrue {
  if (!isTrue) throw new Fault(fault());
}
