/** WebSocket subprotocol of the tunnel. A new number means an incompatible framing. */
export const SUBPROTOCOL = "warren.v1";
/** Reserved on every host of a gateway; agents dial it. */
export const TUNNEL_PATH = "/.well-known/warren/tunnel";
/** On the listener between gateways only: a stream for a tunnel that another gateway owns. */
export const PEER_PATH = "/.well-known/warren/peer";
/** On the listener between gateways only: an agent's resume that landed on the wrong gateway. */
export const SPLICE_PATH = "/.well-known/warren/splice";
/** Control-message version said in `register`; each release talks to the one before it. */
export const PROTOCOL_VERSION = 1;

/** What each side can do; the intersection of both lists is in force. */
export const FEATURES = [
  "resume",
  "credit_return",
  "stop",
  "tcp",
  "upgrade",
  "certificates",
  /** All that a route may say is done or refused: filters, networks to keep out, schemes, times. */
  "route_rules",
] as const;
export type Feature = (typeof FEATURES)[number];

/** Limits that a side announces in registration. An opener honours them; a breaker is closed. */
export interface Limits {
  /** Largest frame payload, bytes. */
  frameBytes: number;
  /** Largest head or trailer block, bytes, over all its frames. */
  headBytes: number;
  /** Streams open at once in one tunnel. */
  streams: number;
}
/** What every side takes, whatever it announces: a peer is not made to send in crumbs. */
export const MIN_FRAME_BYTES = 1_024;
export const LIMITS: Limits = { frameBytes: 65_536, headBytes: 65_536, streams: 10_000 };

/** Credit that every stream starts with and always keeps, bytes. */
export const FLOOR_BYTES = 16_384;
