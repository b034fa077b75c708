import { endOfTurn, systemClock, type Clock } from "./clock.ts";
import { latin1Bytes, latin1Text } from "./latin1.ts";

/** What a pure room needs of the process it runs in; tunnel's `TunnelWorld` fits. */
export interface NodeWorld {
  clock: Clock;
  endOfTurn: (task: () => void) => void;
  /** Bytes to be filled at once and completely: small ones come out of Buffer's pool. */
  allocate: (bytes: number) => Uint8Array;
  toText: (bytes: Uint8Array) => string;
  toBytes: (text: string) => Uint8Array;
  /** Uniform in [0, 1). */
  random: () => number;
  /** RFC 3339 of now. */
  timestamp: () => string;
}

export const nodeWorld: NodeWorld = {
  clock: systemClock,
  endOfTurn,
  allocate: (bytes) => Buffer.allocUnsafe(bytes),
  toText: latin1Text,
  toBytes: latin1Bytes,
  random: Math.random,
  timestamp: () => new Date().toISOString(),
};
