/**
 * The one table of the chat's error codes, for frames and for HTTP. It decides the HTTP status, the
 * close code where the error ends a socket, and whether the same thing may be tried again, so the
 * three never disagree. Codes are never renamed.
 *
 * `close`: 1000-2999 are RFC 6455's; of ours 4000-4399 say "come back", 4400-4999 "do not".
 */
export const CHAT_CODES = {
  /** A frame or a body that cannot be read, or breaks its schema. */
  INVALID_FORMAT: { http: 400, close: 4400, retry: false },
  MISSING_FIELD: { http: 400, close: 4400, retry: false },
  BAD_REQUEST: { http: 400, close: 4400, retry: false },
  /** No token; or, in a frame, a session of another user. */
  UNAUTHORIZED: { http: 401, close: 4401, retry: false },
  INVALID_TOKEN: { http: 401, close: 4401, retry: false },
  EXPIRED_TOKEN: { http: 401, close: 4412, retry: false },
  FORBIDDEN: { http: 403, close: 4403, retry: false },
  INSUFFICIENT_PERMISSIONS: { http: 403, close: 4403, retry: false },
  /** Unknown, or another's: the two are not told apart. */
  NOT_FOUND: { http: 404, close: 4404, retry: false },
  METHOD_NOT_ALLOWED: { http: 405, close: 4405, retry: false },
  /** The same client message id came with another content. */
  CONFLICT: { http: 409, close: 4409, retry: false },
  SESSION_ENDED: { http: 409, close: 4409, retry: false },
  /** Written under a control epoch that is over: a person took the session, or gave it back. */
  CONTROL_CHANGED: { http: 409, close: 4409, retry: false },
  GONE: { http: 410, close: 4410, retry: false },
  INVALID_FILE_SIZE: { http: 413, close: 1009, retry: false },
  MESSAGE_TOO_LARGE: { http: 413, close: 1009, retry: false },
  INVALID_FILE_TYPE: { http: 415, close: 4415, retry: false },
  /** Frames say TOO_MANY_REQUESTS, HTTP says RATE_LIMITED. */
  TOO_MANY_REQUESTS: { http: 429, close: 4029, retry: true },
  RATE_LIMITED: { http: 429, close: 4029, retry: true },
  CONNECTION_LIMIT_EXCEEDED: { http: 429, close: 4029, retry: true },
  /** What waits for a socket that does not read is bounded: it comes back and resumes. */
  SLOW_CONSUMER: { http: 503, close: 4008, retry: true },
  /** The process shuts down, or moves its clients. */
  DRAINING: { http: 503, close: 1012, retry: true },
  SERVICE_ERROR: { http: 503, close: 1013, retry: true },
  SERVICE_UNAVAILABLE: { http: 503, close: 1013, retry: true },
  /** The message log is away: nothing was stored, and the same message may be sent again. */
  DATABASE_ERROR: { http: 503, close: 1013, retry: true },
  STORAGE_ERROR: { http: 503, close: 1013, retry: true },
  LLM_UNAVAILABLE: { http: 503, close: 1013, retry: true },
  LLM_TIMEOUT: { http: 504, close: 1013, retry: true },
  INTERNAL_ERROR: { http: 500, close: 1011, retry: true },
} as const;

export type ChatErrorCode = keyof typeof CHAT_CODES;

/**
 * An error that a chat client may see: `code` and `message` go out, `cause` stays in the log.
 * `retryAfterMs` is said where the code allows another try.
 */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly code: ChatErrorCode;
  readonly retryAfterMs: number | undefined;
  constructor(
    code: ChatErrorCode,
    message: string,
    options?: ErrorOptions & { retryAfterMs?: number },
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }
  get http(): number {
    return CHAT_CODES[this.code].http;
  }
  get close(): number {
    return CHAT_CODES[this.code].close;
  }
  get retry(): boolean {
    return CHAT_CODES[this.code].retry;
  }
  /** Keeps a ChatError as it is; anything else becomes INTERNAL_ERROR, with the original as cause. */
  static from(reason: unknown): ChatError {
    return reason instanceof ChatError
      ? reason
      : new ChatError("INTERNAL_ERROR", "internal error", { cause: reason });
  }
}
