import type { Limits } from "@warren/wire";
import type { Allocate } from "./composer.ts";
import type { Broke } from "./owner-broke.ts";
import type { Pool } from "./pool.ts";
import type { Clock, EndOfTurn, TunnelOwner } from "./ports.ts";

export interface TunnelOptions {
  /** Who dialled: decides the ids of the streams that each side opens (odd for the dialler). */
  side: "dialler" | "acceptor";
  /** What this side announced; a peer that breaks it is closed. */
  limits: Limits;
  /** What the peer announced; honoured here. */
  peerLimits: Limits;
  /** Credit that this tunnel's streams may borrow. */
  pool: Pool;
  clock: Clock;
  endOfTurn: EndOfTurn;
  allocate: Allocate;
  /** Bytes of latin-1 text to a string (Node: `latin1Slice`), and back. */
  toText: (bytes: Uint8Array) => string;
  toBytes: (text: string) => Uint8Array;
  owner: TunnelOwner;
  /** Hears of bugs: what an owner threw, whose stream was reset for it. */
  broke: Broke;
}
