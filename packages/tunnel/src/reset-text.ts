import { isErrorCode, WireError, type ErrorCode } from "@warren/wire";

const MOST_BYTES = 512;

/** Payload of a reset: `code message`, or `code` alone where many resets must not weigh much. */
export function resetText(code: ErrorCode, message: string, terse: boolean): string {
  return terse || message === "" ? code : `${code} ${message}`.slice(0, MOST_BYTES);
}

/** What a reset says; `internal` for a word that is not in the table. */
export function resetError(text: string): WireError {
  const space = text.indexOf(" ");
  const code = space < 0 ? text : text.slice(0, space);
  const message = space < 0 ? "" : text.slice(space + 1);
  return new WireError(isErrorCode(code) ? code : "internal", message);
}
