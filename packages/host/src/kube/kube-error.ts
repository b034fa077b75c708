/**
 * A call to the API server that was refused, or that nobody answered. `reason` is the API's own
 * (`Conflict`, `NotFound`, `Forbidden`, `Expired`, `AlreadyExists`, `Invalid`...: apimachinery,
 * `metav1.StatusReason`), or `Unreachable` when no answer came, `Timeout` when none came in time,
 * `Unreadable` when it was no JSON and `TooLarge` when it was more than a client takes.
 */
export class KubeError extends Error {
  override readonly name = "KubeError";
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly reason: string;
  /** How long the server asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, said: KubeErrorSaid, options?: ErrorOptions) {
    super(message, options);
    this.status = said.status;
    this.reason = said.reason;
    this.retryAfterMs = said.retryAfterMs;
  }
}

export interface KubeErrorSaid {
  status: number;
  reason: string;
  retryAfterMs: number | undefined;
}

/** Reasons for answers that carry no Status: a proxy's, a load balancer's. */
const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Expired",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** `metav1.Status`, as far as it is read. */
interface Status {
  kind: "Status";
  message?: unknown;
  reason?: unknown;
  code?: unknown;
  details?: { retryAfterSeconds?: unknown };
}

function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}

/**
 * The error that an answer says, by its Status where it has one. `what` was asked for:
 * `get ingresses default/web`.
 */
export function refusal(
  what: string,
  answer: { status: number; body: unknown; retryAfterMs: number | undefined },
): KubeError {
  const said = isStatus(answer.body) ? answer.body : undefined;
  const status = answer.status || (typeof said?.code === "number" ? said.code : 0);
  const reason =
    typeof said?.reason === "string" && said.reason !== ""
      ? said.reason
      : (REASONS[status] ?? "Unknown");
  const seconds = said?.details?.retryAfterSeconds;
  const told = typeof seconds === "number" && seconds > 0 ? seconds * 1_000 : undefined;
  const why = typeof said?.message === "string" && said.message !== "" ? said.message : reason;
  return new KubeError(`${what}: ${status} ${why}`, {
    status,
    reason,
    retryAfterMs: answer.retryAfterMs ?? told,
  });
}

/** No answer, for a reason of the network, of TLS or of the program. */
export function unreachable(what: string, cause: unknown): KubeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new KubeError(
    `${what}: the API server does not answer (${why})`,
    { status: 0, reason: "Unreachable", retryAfterMs: undefined },
    { cause },
  );
}

export function isKubeError(error: unknown, ...reasons: readonly string[]): error is KubeError {
  return error instanceof KubeError && (reasons.length === 0 || reasons.includes(error.reason));
}

/** A resourceVersion or a page that the server no longer has: `Expired` in lists, `Gone` of old servers. */
export function isExpired(error: unknown): error is KubeError {
  return error instanceof KubeError && (error.status === 410 || error.reason === "Expired");
}
