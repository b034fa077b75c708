import { ChatError, type ChatErrorCode } from "@warren/wire";

interface Fault {
  /** Another try may go better, as long as no text came. */
  retry: boolean;
  /** Says something of the provider, not of this request: the breaker counts it. */
  counts: boolean;
  code: ChatErrorCode;
}

/** The one table of what goes wrong with a provider. It decides retries, breaker and answer. */
export const FAULTS = {
  /** No connection, or it was lost before an answer began. */
  unreachable: { retry: true, counts: true, code: "LLM_UNAVAILABLE" },
  timeout_connect: { retry: true, counts: true, code: "LLM_UNAVAILABLE" },
  timeout_first_token: { retry: true, counts: true, code: "LLM_TIMEOUT" },
  /** Nothing between two tokens for too long. */
  stalled: { retry: true, counts: true, code: "LLM_TIMEOUT" },
  /** The whole answer took too long, which may be the reader's doing. */
  timeout_whole: { retry: false, counts: false, code: "LLM_TIMEOUT" },
  rate_limited: { retry: true, counts: true, code: "LLM_UNAVAILABLE" },
  overloaded: { retry: true, counts: true, code: "LLM_UNAVAILABLE" },
  /** Its own error: 5xx, 408, 409, 425, or an error event. */
  failed: { retry: true, counts: true, code: "LLM_UNAVAILABLE" },
  /** It will not: bad key, bad request, a redirect. Counts by status. */
  refused: { retry: false, counts: false, code: "LLM_UNAVAILABLE" },
  /** The stream ended without its end. */
  broke_off: { retry: true, counts: true, code: "LLM_UNAVAILABLE" },
  /** Not what the protocol says. */
  garbage: { retry: false, counts: true, code: "LLM_UNAVAILABLE" },
  /** Ours: all places are taken and the queue is full. */
  busy: { retry: false, counts: false, code: "LLM_UNAVAILABLE" },
  /** Ours: the breaker is open. */
  resting: { retry: false, counts: false, code: "LLM_UNAVAILABLE" },
} as const satisfies Record<string, Fault>;

export type FaultKind = keyof typeof FAULTS;

/** Refusals that the next request would meet too: the key, the account, or where it points. */
const LASTING_REFUSALS: readonly number[] = [401, 402, 403, 404];

export interface FaultDetails extends ErrorOptions {
  /** HTTP status, or the one that an error event stands for. */
  status?: number;
  retryAfterMs?: number;
  /** What the other side said, bounded and without the key. For the log alone. */
  detail?: string;
}

/** How a try for an answer failed. `message` is for the log: never an upstream's words, never a key. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
  readonly kind: FaultKind;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly detail: string | undefined;
  /** Text of the answer had come. Said by whoever hands out the stream. */
  afterText = false;

  constructor(kind: FaultKind, message: string, details: FaultDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.kind = kind;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.detail = details.detail;
  }
  get retry(): boolean {
    return FAULTS[this.kind].retry;
  }
  get counts(): boolean {
    return FAULTS[this.kind].counts || LASTING_REFUSALS.includes(this.status ?? 0);
  }
}

/** What a client may know of it: one of two codes, and when to come back. */
export function chatErrorOf(error: ProviderError): ChatError {
  const first = error.cause instanceof ProviderError ? error.cause : error;
  const { code } = FAULTS[first.kind];
  const retryAfterMs = first.retryAfterMs ?? error.retryAfterMs;
  const said =
    code === "LLM_TIMEOUT" ? "The AI took too long to answer" : "The AI cannot answer now";
  return new ChatError(code, said, {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
