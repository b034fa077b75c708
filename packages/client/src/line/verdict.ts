import { CHAT_CODES } from "@warren/wire";

/** What a close code asks of a client: to come back, to come back with another token, or to stay away. */
export type Verdict = "again" | "fresh-token" | "never";

const TOKEN_CODES: ReadonlySet<number> = new Set([
  CHAT_CODES.INVALID_TOKEN.close,
  CHAT_CODES.EXPIRED_TOKEN.close,
]);

export function verdictOf(code: number): Verdict {
  if (TOKEN_CODES.has(code)) return "fresh-token";
  return code >= 4_400 && code <= 4_999 ? "never" : "again";
}
