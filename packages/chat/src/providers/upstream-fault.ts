import type { Clock } from "@warren/host";
import { ProviderError, type FaultKind } from "./provider-error.ts";
import type { Reply } from "./upstream.ts";

/** As much of an upstream's error body is read, for the log (L-9). */
const MOST_ERROR_BYTES = 1024;
/** The status is known: its explanation is not worth a longer wait. */
const ERROR_BODY_MS = 1000;

export interface FaultReading {
  clock: Clock;
  /** Epoch milliseconds, for a Retry-After that is a date. */
  wallClock: () => number;
  /** Struck out of whatever is kept. Empty where there is none. */
  key: string;
}

/** The fault that an answer other than 200 stands for. Reads a little of it, and closes it. */
export async function replyFault(reply: Reply, reading: FaultReading): Promise<ProviderError> {
  const text = await beginningOf(reply, reading.clock);
  const status = statusOf(reply.status, text);
  const retryAfterMs = retryAfter(reply, reading.wallClock());
  return new ProviderError(kindOf(status), `answered ${reply.status}`, {
    status,
    detail: withoutKey(text, reading.key),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The fault that an error inside of a stream stands for, by its codes and never by its words. */
export function eventFault(error: unknown, key: string): ProviderError {
  const words = JSON.stringify(error ?? null).slice(0, MOST_ERROR_BYTES);
  const status = codesOf(error).map(statusOfCode).find(Boolean) ?? 500;
  return new ProviderError(kindOf(status), "an error came instead of the answer's end", {
    status,
    detail: withoutKey(words, key),
  });
}

function kindOf(status: number): FaultKind {
  if (status === 429) return "rate_limited";
  if (status === 503 || status === 529) return "overloaded";
  if (status >= 500 || [408, 409, 425].includes(status)) return "failed";
  return status >= 300 ? "refused" : "garbage";
}

/** Codes and types of the three APIs' references, as the HTTP status that each documents for them. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  insufficient_quota: 402,
  billing_error: 402,
  rate_limit_exceeded: 429,
  rate_limit_error: 429,
  overloaded_error: 529,
  timeout_error: 504,
  api_error: 500,
  server_error: 500,
  invalid_api_key: 401,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  model_not_found: 404,
  request_too_large: 413,
  invalid_request_error: 400,
  context_length_exceeded: 400,
  invalid_param: 400,
};

function statusOfCode(code: string | number): number | undefined {
  if (typeof code === "string") return STATUS_OF_CODE[code];
  return code >= 400 && code <= 599 ? code : undefined;
}

/** An account without money is answered 429 too, and no wait helps it. */
function statusOf(status: number, text: string): number {
  return status === 429 && codesOf(errorIn(text)).includes("insufficient_quota") ? 402 : status;
}

function errorIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { error?: unknown } | null)?.error;
  } catch {
    return undefined;
  }
}

function codesOf(error: unknown): (string | number)[] {
  if (typeof error !== "object" || error === null) return [];
  const { code, type, status } = error as Record<string, unknown>;
  return [status, code, type].filter((c) => typeof c === "string" || typeof c === "number");
}

async function beginningOf(reply: Reply, clock: Clock): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const forget = clock.after(ERROR_BODY_MS, () => reply.cut());
  try {
    for await (const chunk of reply.chunks) {
      parts.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= MOST_ERROR_BYTES) break;
    }
  } catch {
    // What had come is enough; a stop by the caller is seen by the caller.
  } finally {
    forget();
    reply.cut();
  }
  return Buffer.concat(parts).subarray(0, MOST_ERROR_BYTES).toString("utf8");
}

/** Some echo the key; where the text was cut, its beginning may be the end of the text. */
export function withoutKey(text: string, key: string): string {
  if (key.length < 4) return text;
  const clean = text.replaceAll(key, "[redacted]");
  for (let length = key.length - 1; length >= 4; length--) {
    if (clean.endsWith(key.slice(0, length))) return `${clean.slice(0, -length)}[redacted]`;
  }
  return clean;
}

/** RFC 9110 §10.2.3: seconds or a date. `retry-after-ms` is what OpenAI's hosts add. */
function retryAfter(reply: Reply, nowMs: number): number | undefined {
  const exact = Number(reply.header("retry-after-ms") ?? Number.NaN);
  if (exact >= 0) return exact;
  const said = reply.header("retry-after");
  if (said === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(said)) return Number(said) * 1000;
  const date = Date.parse(said);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
