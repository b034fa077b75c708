import { endOfTurn, systemClock } from "@warren/host";
import type { TunnelWorld } from "@warren/tunnel";

/** What tunnels need of Node. Small messages come out of Buffer's pool. */
export const nodeWorld: TunnelWorld = {
  clock: systemClock,
  endOfTurn,
  allocate: (bytes) => Buffer.allocUnsafe(bytes),
  toText: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"),
  toBytes: (text) => Buffer.from(text, "latin1"),
  random: Math.random,
  timestamp: () => new Date().toISOString(),
};
