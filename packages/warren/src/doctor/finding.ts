/** What one check found. */
export interface Finding {
  /** What was looked at, in a word or two; the same in every run. */
  check: string;
  level: "ok" | "warn" | "fail";
  /** What was seen. */
  said: string;
  /** What to do about it; absent where all is well. */
  todo?: string;
}

export const ok = (check: string, said: string): Finding => ({ check, level: "ok", said });
export const warn = (check: string, said: string, todo: string): Finding => ({
  check,
  level: "warn",
  said,
  todo,
});
export const fail = (check: string, said: string, todo: string): Finding => ({
  check,
  level: "fail",
  said,
  todo,
});

/** The messages of an error and of what caused it, the outermost first. */
export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : whyOf(error.cause);
  return cause === "" || error.message.includes(cause)
    ? error.message
    : `${error.message} (${cause})`;
}
