/**
 * What the failure of an attempt says of the dependency. Decided by codes and statuses, never by text:
 *
 * - `transient`: it is not well now. Tried again, and counts towards opening the breaker.
 * - `permanent`: it is of no use to us until somebody acts (a wrong password). Not tried again, counts.
 * - `deferred`: it is well and asks to come later (429, greylisting). Tried again, does not count.
 * - `not-a-failure`: it is well and said no to this one request (404, a duplicate key). Neither.
 */
export type FailureKind = "transient" | "permanent" | "deferred" | "not-a-failure";

export interface Failure {
  readonly kind: FailureKind;
  /** How long the dependency asked to wait at least; 0 when it did not say. */
  readonly retryAfterMs: number;
}

/** Looks at what an attempt threw. Time-outs of the guard and aborts by the caller never get here. */
export type Classify = (error: unknown) => FailureKind | Failure;

/**
 * An HTTP status of 400 or more. Statuses that nobody assigned a meaning to (5xx) are the server's
 * trouble; in 4xx, ours.
 */
export function classifyStatus(status: number): FailureKind {
  if (status === 429) return "deferred";
  if (status === 408 || status === 425) return "transient";
  if (status === 401 || status === 403 || status === 407) return "permanent";
  // Not implemented, version not supported: no later try changes them, and the server is well.
  if (status === 501 || status === 505) return "not-a-failure";
  return status >= 500 ? "transient" : "not-a-failure";
}

/** Codes of Node's sockets, resolver and TLS, and of undici, that mean: not reached, or cut off. */
const TRANSIENT_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EMFILE",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_SOCKET",
]);
/** fetch wraps twice at most; a cycle of causes must not hold us. */
const DEEPEST_CAUSE = 5;

/**
 * `transient` where the error, or what caused it, has a code of the network; undefined for all else,
 * which is not the network's: a bug of ours must not be repeated, nor be held against the dependency.
 */
export function classifyNetwork(error: unknown): "transient" | undefined {
  let at = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && at instanceof Error; depth++) {
    const { code } = at as NodeJS.ErrnoException;
    if (code !== undefined && TRANSIENT_CODES.has(code)) return "transient";
    // A name with several addresses fails with all their errors (Happy Eyeballs).
    if (at instanceof AggregateError && at.errors.some(classifyNetwork)) return "transient";
    at = at.cause;
  }
  return undefined;
}
