import { CODES, type ErrorCode } from "@warren/wire";

/** What a person reads: a title, and a sentence that says what to do or expect. */
export interface PublicText {
  title: string;
  text: string;
}

const offline = "The cluster behind this address is not connected.";
const failed = "The service behind this address did not answer properly.";
const tunnel: PublicText = { title: "Tunnel error", text: "The tunnel refused this request." };
const token: PublicText = { title: "Unauthorized", text: "The credential is not valid." };

/** The words for each code. They are all that leaves the house for what happens behind the gateway. */
export const PUBLIC_TEXT: Record<ErrorCode, PublicText> = {
  bad_request: { title: "Bad request", text: "The request is malformed or ambiguous." },
  unauthorized: { title: "Sign in", text: "This address needs a user name and a password." },
  forbidden: { title: "Forbidden", text: "You may not come in here." },
  host_not_allowed: { title: "Forbidden", text: "This host may not be used here." },
  no_route: { title: "Nothing here", text: "Nothing is published at this address." },
  not_enabled: { title: "Not enabled", text: "This address is not served here yet." },
  request_timeout: { title: "Too slow", text: "The request did not arrive in time." },
  host_taken: { title: "Host taken", text: "This host belongs to another cluster." },
  payload_too_large: { title: "Too large", text: "The body is larger than this address takes." },
  misdirected: { title: "Misdirected", text: "This host is not served on this connection." },
  rate_limited: { title: "Slow down", text: "Too many requests. Please try again in a moment." },
  headers_too_large: { title: "Headers too large", text: "The request's head is too large." },
  cancelled: { title: "Cancelled", text: "The request was cancelled." },
  internal: { title: "Something broke", text: "Something went wrong on this side." },
  invalid_backend: {
    title: "Wrongly set up",
    text: "This address leads to nothing that could answer.",
  },
  not_implemented: { title: "Not implemented", text: "This is not supported." },
  upstream_unreachable: {
    title: "Service unreachable",
    text: "The service behind this address cannot be reached.",
  },
  upstream_failed: { title: "Service failed", text: failed },
  tunnel_lost: {
    title: "Connection lost",
    text: "The connection to the service was lost on the way.",
  },
  cluster_reconnecting: {
    title: "Back in a moment",
    text: "The cluster behind this address is reconnecting. Please try again.",
  },
  cluster_offline: { title: "Offline", text: offline },
  no_endpoints: {
    title: "Nobody answers",
    text: "Nothing behind this address can answer now. Please try again in a moment.",
  },
  overloaded: { title: "Busy", text: "Too much is going on. Please try again in a moment." },
  draining: { title: "Restarting", text: "This gateway is restarting. Please try again." },
  refused: { title: "Busy", text: "Too much is going on. Please try again in a moment." },
  loop_detected: {
    title: "Going round",
    text: "The service behind this address leads back here.",
  },
  upstream_timeout: {
    title: "Service too slow",
    text: "The service behind this address did not answer in time.",
  },
  version_not_supported: {
    title: "Version not supported",
    text: "This version of HTTP is not supported.",
  },
  protocol_error: { title: "Service failed", text: failed },
  unknown_tunnel: tunnel,
  replaced: tunnel,
  token_expired: token,
  token_revoked: token,
  stale_revision: tunnel,
  invalid_route: tunnel,
  endpoint_not_allowed: tunnel,
  quota_exceeded: tunnel,
};

/**
 * Codes whose own message goes out: it is the gateway's word on what the client itself sent. For all
 * others it may come from behind the gateway and name what is there.
 */
const OWN_WORDS: ReadonlySet<ErrorCode> = new Set([
  "bad_request",
  "not_implemented",
  "version_not_supported",
  "headers_too_large",
  "payload_too_large",
]);

export function ownWords(code: ErrorCode, message: string): string | undefined {
  return OWN_WORDS.has(code) && message !== "" ? message.slice(0, 200) : undefined;
}

/** Seconds that a client is told to wait when the error itself names no time. */
const RETRY_SECONDS: Partial<Record<ErrorCode, number>> = {
  rate_limited: 1,
  cluster_reconnecting: 5,
  overloaded: 1,
  draining: 1,
  refused: 1,
};

/** The value of Retry-After, whole seconds (RFC 9110 §10.2.3); undefined when there is none to give. */
export function retryAfterSeconds(
  code: ErrorCode,
  retryAfterMs: number | undefined,
): number | undefined {
  if (!CODES[code].retry) return undefined;
  if (retryAfterMs === undefined) return RETRY_SECONDS[code];
  return Math.max(1, Math.ceil(retryAfterMs / 1000));
}
