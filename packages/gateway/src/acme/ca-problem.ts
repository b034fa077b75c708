/** Why a CA did not do what it was asked. The message is for the operator, and quotes the CA. */
export class CaProblem extends Error {
  override readonly name = "CaProblem";
  /** `urn:ietf:params:acme:error:` + word (RFC 8555 §6.7), the word alone; or one of ours. */
  readonly type: string;
  /** What the CA asks to wait (Retry-After), milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    type: string,
    detail: string,
    options: ErrorOptions & { retryAfterMs: number | undefined },
  ) {
    super(detail, options);
    this.type = type;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The CA was not reached, or is too busy for anybody: nothing was wrong with the host. */
  get isAway(): boolean {
    return isAwayWord(this.type);
  }
}

/** True for what a problem is called when the CA was not reached, or too busy for anybody. */
export function isAwayWord(type: string): boolean {
  return type === UNREACHABLE || type === BUSY;
}

export const UNREACHABLE = "unreachable";
export const BUSY = "busy";
/** RFC 8555 §6.6 */
export const RATE_LIMITED = "rateLimited";
/** The account is gone at the CA (RFC 8555 §6.7). */
export const NO_ACCOUNT = "accountDoesNotExist";
const URN = "urn:ietf:params:acme:error:";
/** Longest text of a CA that is repeated. */
const MOST_TEXT = 400;

/** What a CA said, as far as it can be read. */
export interface CaAnswer {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  data: unknown;
}

/** The problem document of an answer (RFC 7807), of an order or of one of its challenges. */
export function problemOf(document: unknown): { type: string; detail: string } | undefined {
  if (typeof document !== "object" || document === null) return undefined;
  const { type, detail } = document as { type?: unknown; detail?: unknown };
  if (typeof type !== "string") return undefined;
  const word = type.startsWith(URN) ? type.slice(URN.length) : type;
  return { type: word, detail: plain(typeof detail === "string" ? detail : word) };
}

export function answerProblem(
  answer: CaAnswer,
  wallMs: number,
  options: ErrorOptions = {},
): CaProblem {
  const { status, headers, data } = answer;
  const said = problemOf(data) ?? { type: `http ${status}`, detail: `answered ${status}` };
  const retryAfterMs = retryAfterOf(headers["retry-after"], wallMs);
  const type = status === 503 ? BUSY : said.type;
  return new CaProblem(type, said.detail, { ...options, retryAfterMs });
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
export function retryAfterOf(value: string | undefined, wallMs: number): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d{1,8}$/.test(value.trim()) ? Number(value) : undefined;
  if (seconds !== undefined) return seconds * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - wallMs);
}

/** One line without control characters: it goes to logs, answers and terminals. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").slice(0, MOST_TEXT);
}
