/**
 * The one table of error codes. It decides HTTP status, WebSocket close code and whether to try
 * again, so the three never disagree. Codes are never renamed; `docs/operations.md` lists them all.
 *
 * `close` is used where the error ends a WebSocket (4000-4999 is the private range, RFC 6455 §7.4.2).
 * `retry` tells a client whether the same request may succeed later without a change.
 */
export const CODES = {
  bad_request: { http: 400, close: 4400, retry: false },
  unauthorized: { http: 401, close: 4401, retry: false },
  forbidden: { http: 403, close: 4403, retry: false },
  host_not_allowed: { http: 403, close: 4403, retry: false },
  no_route: { http: 404, close: 4404, retry: false },
  /** This gateway does not serve the cluster yet: a gradual roll-out leaves it out. */
  not_enabled: { http: 404, close: 4404, retry: false },
  request_timeout: { http: 408, close: 4408, retry: true },
  host_taken: { http: 409, close: 4409, retry: false },
  payload_too_large: { http: 413, close: 4413, retry: false },
  misdirected: { http: 421, close: 4421, retry: false },
  rate_limited: { http: 429, close: 4429, retry: true },
  headers_too_large: { http: 431, close: 4431, retry: false },
  cancelled: { http: 499, close: 1001, retry: false },
  internal: { http: 500, close: 1011, retry: true },
  /** The route's backend is none: a reference that leads nowhere, or to what is not allowed. */
  invalid_backend: { http: 500, close: 4500, retry: false },
  not_implemented: { http: 501, close: 4501, retry: false },
  /** The service could not be reached, or broke HTTP, or broke off. */
  upstream_unreachable: { http: 502, close: 4502, retry: true },
  upstream_failed: { http: 502, close: 4502, retry: true },
  /** The tunnel that carried this stream is gone for good: its agent never came back in time. */
  tunnel_lost: { http: 502, close: 4502, retry: true },
  /** The tunnel is down but may still resume. */
  cluster_reconnecting: { http: 503, close: 4503, retry: true },
  cluster_offline: { http: 503, close: 4503, retry: true },
  /** The route's backend has nothing that could answer now. */
  no_endpoints: { http: 503, close: 4503, retry: true },
  overloaded: { http: 503, close: 4503, retry: true },
  /** The process is shutting down; what is left at its deadline is closed with this. */
  draining: { http: 503, close: 1012, retry: true },
  /** An opening that was refused unread: it is safe to send the same request elsewhere. */
  refused: { http: 503, close: 4503, retry: true },
  upstream_timeout: { http: 504, close: 4504, retry: true },
  version_not_supported: { http: 505, close: 4505, retry: false },
  /** The cluster's own endpoint leads back to a gateway (RFC 5842 §7.2, RFC 8586). */
  loop_detected: { http: 508, close: 4508, retry: false },
  /** The peer broke the tunnel protocol or an announced limit. */
  protocol_error: { http: 502, close: 1002, retry: false },
  unknown_tunnel: { http: 410, close: 4410, retry: true },
  replaced: { http: 409, close: 4411, retry: false },
  token_expired: { http: 401, close: 4412, retry: false },
  token_revoked: { http: 401, close: 4414, retry: false },
  stale_revision: { http: 409, close: 4409, retry: false },
  invalid_route: { http: 422, close: 4422, retry: false },
  /** The endpoint that a route names for direct dialling is none that this gateway dials. */
  endpoint_not_allowed: { http: 403, close: 4403, retry: false },
  /** A cluster or claim group has all that it may have; what it has stays. */
  quota_exceeded: { http: 403, close: 4403, retry: false },
} as const;

export type ErrorCode = keyof typeof CODES;

/** True for a word of the table; anything else that a peer calls a code is `internal`. */
export function isErrorCode(word: unknown): word is ErrorCode {
  return typeof word === "string" && Object.hasOwn(CODES, word);
}

/**
 * An error that a peer may see: `code` and `message` go out, `cause` stays in the log.
 * `retryAfterMs` is said to the peer where the code allows another try.
 */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    options?: ErrorOptions & { retryAfterMs?: number },
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }
  get http(): number {
    return CODES[this.code].http;
  }
  get close(): number {
    return CODES[this.code].close;
  }
  get retry(): boolean {
    return CODES[this.code].retry;
  }
  /** Keeps a WireError as it is; anything else becomes `internal`, with the original as cause. */
  static from(reason: unknown): WireError {
    return reason instanceof WireError
      ? reason
      : new WireError("internal", "internal error", { cause: reason });
  }
}
