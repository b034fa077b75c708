/** What one check found. */
export interface Finding {
  /** What was looked at, in a word or two; the same in every run. */
  check: string;
  /** `note`: nothing is wrong, and something is worth knowing. Only `fail` ends the command with 1. */
  level: "ok" | "note" | "warn" | "fail";
  /** What was seen. */
  said: string;
  /** What to do about it; absent where there is nothing to be done. */
  todo?: string;
}

type Told = (check: string, said: string, todo: string) => Finding;

export const ok = (check: string, said: string): Finding => ({ check, level: "ok", said });
export const note: Told = (check, said, todo) => ({ check, level: "note", said, todo });
export const warn: Told = (check, said, todo) => ({ check, level: "warn", said, todo });
export const fail: Told = (check, said, todo) => ({ check, level: "fail", said, todo });

/** The messages of an error and of what caused it, the outermost first. */
export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : whyOf(error.cause);
  return cause === "" || error.message.includes(cause)
    ? error.message
    : `${error.message} (${cause})`;
}
