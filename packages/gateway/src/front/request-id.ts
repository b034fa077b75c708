import type { RequestHead } from "@warren/http";
import type { Policy } from "@warren/wire";
import type { Peer } from "./peer.ts";
import { stripOf } from "./strip-of.ts";

const REQUEST_ID = "x-request-id";
const SAFE_ID = /^[\w.:+/=-]{1,200}$/;

/** What a request is called: its client's own word where that is harmless, or a new one. */
export function requestIdOf({ requestId: said }: RequestHead, make: () => string): string {
  return said !== undefined && SAFE_ID.test(said) ? said : make();
}

/** The request's fields for the service, which hears the id that is logged, be it the client's or ours. */
export function forwardedLines(
  { head, peer, requestId }: { head: RequestHead; peer: Peer; requestId: string },
  policy: Policy,
): string {
  const strip = stripOf(policy);
  const said = head.requestId;
  if (said === requestId && strip?.has(REQUEST_ID) !== true) return peer.forwarded(head, strip);
  const stripped = said === undefined ? strip : new Set(strip).add(REQUEST_ID);
  return `${peer.forwarded(head, stripped)}${REQUEST_ID}: ${requestId}\r\n`;
}
