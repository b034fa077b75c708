/**
 * What a stream begins with: what kind it is, which published route it is for, and its head.
 *
 *     u8 kind | u8 backend index | u16 route length | route (latin-1) | head (bytes, to the end)
 *
 * The route is a key that the agent itself published (`routeKey`), never an address: an agent dials
 * only what its own watch shows. Between gateways the route is `tunnel id` SP `route key`.
 */
export const KIND = {
  /** Head: request line and fields as HTTP/1.1 text. One message each way. */
  http: 1,
  /** As http, but after a 101 both directions are raw bytes. */
  upgrade: 2,
  /** Head: a PROXY protocol v1 line saying who connects. Then raw bytes. */
  tcp: 3,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Bytes before the route name. */
export const OPENING_HEADER_BYTES = 4;

export interface Opening {
  kind: Kind;
  /** Which of the route's backends the gateway's weights chose. */
  backend: number;
  /** Route key as latin-1 bytes; a gateway computes it once per route. */
  route: Uint8Array;
}

/** Length of an opening in bytes, for the caller to allocate. */
export function openingBytes(opening: Opening, headBytes: number): number {
  return OPENING_HEADER_BYTES + opening.route.length + headBytes;
}

/** Writes all but the head and returns where the head begins. */
export function writeOpening(into: Uint8Array, opening: Opening): number {
  const { route } = opening;
  into[0] = opening.kind;
  into[1] = opening.backend;
  into[2] = route.length >>> 8;
  into[3] = route.length;
  into.set(route, OPENING_HEADER_BYTES);
  return OPENING_HEADER_BYTES + route.length;
}

/** Reads an opening; `head` begins at the returned `headAt`. Undefined when malformed. */
export function readOpening(from: Uint8Array): (Opening & { headAt: number }) | undefined {
  if (from.length < OPENING_HEADER_BYTES) return undefined;
  const kind = from[0]!;
  const headAt = OPENING_HEADER_BYTES + ((from[2]! << 8) | from[3]!);
  if (kind < KIND.http || kind > KIND.tcp || headAt > from.length) return undefined;
  const route = from.subarray(OPENING_HEADER_BYTES, headAt);
  return { kind: kind as Kind, backend: from[1]!, route, headAt };
}
